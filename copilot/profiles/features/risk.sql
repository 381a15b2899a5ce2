-- 风险测评：只认客户申报的最近一次，从不推断。月数按满月计。
with r as (
  select customer_id, assessed_on, level,
    row_number() over (partition by customer_id order by assessed_on desc, level) as place
  from risk_assessments
  where assessed_on <= $as_of
),
last_one as (
  select customer_id, assessed_on, level,
    (year($as_of) - year(assessed_on)) * 12 + month($as_of) - month(assessed_on)
    - case when day($as_of) < day(assessed_on) then 1 else 0 end as months
  from r where place = 1
),
n as (
  select customer_id, count(*) as assessments_365
  from risk_assessments
  where assessed_on <= $as_of and assessed_on > $as_of - 365
  group by customer_id
)
select
  c.customer_id,
  l.level as risk_declared,
  l.assessed_on as risk_assessed_on,
  date_diff('day', l.assessed_on, $as_of) as risk_age_days,
  l.months as risk_age_months,
  coalesce(l.months < (select risk_valid_months from policy), false) as risk_valid,
  coalesce(n.assessments_365, 0) as assessments_365
from customers c
left join last_one l on l.customer_id = c.customer_id
left join n on n.customer_id = c.customer_id
