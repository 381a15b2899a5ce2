-- 主动支出单笔金额的中位数：金额取两位有效数字成档，数各档笔数，取第一个累计过半的档。
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
  from transactions
  where amount < 0 and txn_date > $as_of - 365 and txn_date <= $as_of
    and coalesce(kind, 'other') not in ('fee', 'interest')
    and coalesce(currency, (select currency from policy)) = (select currency from policy)
),
steps as (
  select customer_id, spent - spent % unit as step, count(*) as n
  from t
  group by customer_id, spent - spent % unit
),
running as (
  select customer_id, step,
    sum(n) over (partition by customer_id order by step) as upto,
    sum(n) over (partition by customer_id) as total
  from steps
),
middle as (
  select customer_id, min(step) as ticket_med
  from running
  where upto * 2 >= total
  group by customer_id
)
select
  c.customer_id,
  m.ticket_med
from customers c
left join middle m on m.customer_id = c.customer_id
