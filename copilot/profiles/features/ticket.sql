-- 主动支出单笔金额的中位数：金额取两位有效数字成档，数各档笔数，取第一个累计过半的档。
with t as (
  select customer_id, -amount as spent,
    greatest(length(cast(-amount as varchar)) - 2, 0) as digits
  from transactions
  where amount < 0 and txn_date > $as_of - 365 and txn_date <= $as_of
    and coalesce(kind, 'other') not in ('fee', 'interest')
    and coalesce(currency, (select currency from policy)) = (select currency from policy)
),
steps as (
  select customer_id, spent - spent % cast(power(10, digits) as bigint) as step, count(*) as n
  from t
  group by customer_id, spent - spent % cast(power(10, digits) as bigint)
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
