"""The one way through: the pipeline joins the stages; faces call nothing else."""
