-- 主动支出单笔金额的中位数：金额取两位有效数字成档，取第一个累计过半的档。
-- 先按位数数笔数，找到中位数是几位数；再只在这一位数的金额里数各档。wanted 是这里还差的笔数的两倍。
with t as (
  select customer_id, -amount as spent,
    case
      when amount > -100 then 1
      when amount > -1000 then 10
      when amount > -10000 then 100
      when amount > -100000 then 1000
      when amount > -1000000 then 10000
      when amount > -10000000 then 100000
      when amount > -100000000 then 1000000
      when amount > -1000000000 then 10000000
      when amount > -10000000000 then 100000000
      when amount > -100000000000 then 1000000000
      when amount > -1000000000000 then 10000000000
      when amount > -10000000000000 then 100000000000
      when amount > -100000000000000 then 1000000000000
      when amount > -1000000000000000 then 10000000000000
      else 100000000000000
    end as unit
  from home_transactions
  where amount < 0 and txn_date > $as_of - 365 and txn_date <= $as_of
    and coalesce(kind, 'other') not in ('fee', 'interest')
),
sizes as (
  select customer_id, unit, count(*) as n
  from t
  group by customer_id, unit
),
size as (
  select customer_id, min(unit) as unit, max(total - 2 * (upto - n)) as wanted
  from (
    select customer_id, unit, n,
      sum(n) over (partition by customer_id order by unit) as upto,
      sum(n) over (partition by customer_id) as total
    from sizes
  ) as s
  where upto * 2 >= total
  group by customer_id
),
steps as (
  select t.customer_id, t.spent - t.spent % t.unit as step, count(*) as n, max(s.wanted) as wanted
  from t
  join size s on s.customer_id = t.customer_id and s.unit = t.unit
  group by t.customer_id, t.spent - t.spent % t.unit
),
middle as (
  select customer_id, min(step) as ticket_med
  from (
    select customer_id, step, wanted,
      sum(n) over (partition by customer_id order by step) as upto
    from steps
  ) as s
  where upto * 2 >= wanted
  group by customer_id
)
select
  c.customer_id,
  m.ticket_med
from customers c
left join middle m on m.customer_id = c.customer_id
