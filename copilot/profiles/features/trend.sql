-- 资产走势：三十天内各快照的平均、九十天前的资产与变动。
with latest as (
  select max(as_of) as now_date from snapshots where as_of <= $as_of
),
before as (
  select max(as_of) as before_date from snapshots where as_of <= $as_of - 90
),
days as (
  select d.as_of,
    d.as_of > $as_of - 30 or d.as_of = l.now_date as recent,
    d.as_of = l.now_date as is_now,
    coalesce(d.as_of = b.before_date, false) as is_before
  from snapshots as d
  cross join latest l
  cross join before b
  where d.as_of <= $as_of
),
counted as (
  select count(*) as n from days where recent
),
a as (
  select
    h.customer_id,
    sum(h.amount) filter (where d.recent) as total_30,
    sum(h.amount) filter (where d.is_now) as total_now,
    sum(h.amount) filter (where d.is_before) as total_before
  from home_holdings h
  join days d on d.as_of = h.as_of and (d.recent or d.is_before)
  where h.product_type not in ('loan', 'credit_card')
  group by h.customer_id
)
select
  c.customer_id,
  case when k.n > 0 then
    cast(floor(cast(coalesce(a.total_30, 0) as double) / k.n) as bigint) end as aum_month_avg,
  case when b.before_date is not null then
    cast(coalesce(a.total_before, 0) as bigint) end as aum_before_90,
  case when b.before_date is not null then
    cast(coalesce(a.total_now, 0) - coalesce(a.total_before, 0) as bigint) end as aum_change_90,
  case when b.before_date is not null then
    cast(coalesce(a.total_now, 0) - coalesce(a.total_before, 0) as double)
    / nullif(a.total_before, 0) end as aum_change_rate_90,
  b.before_date as aum_before_on
from customers c
cross join counted k
cross join before b
left join a on a.customer_id = c.customer_id
