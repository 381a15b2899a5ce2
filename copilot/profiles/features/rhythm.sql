-- 交易的广度：先去重再计数。
with t as (
  select customer_id, txn_date, counterparty_id,
    coalesce(kind, 'other') not in ('fee', 'interest') as active
  from transactions
  where txn_date > $as_of - 365 and txn_date <= $as_of
),
months as (
  select customer_id, count(*) as active_months
  from (
    select distinct customer_id, year(txn_date) * 12 + month(txn_date) as month_no
    from t where active
  ) as m
  group by customer_id
),
payees as (
  select customer_id, count(*) as distinct_cp_90
  from (
    select distinct customer_id, counterparty_id
    from t where txn_date > $as_of - 90 and counterparty_id is not null
  ) as p
  group by customer_id
)
select
  c.customer_id,
  coalesce(m.active_months, 0) as active_months,
  coalesce(p.distinct_cp_90, 0) as distinct_cp_90
from customers c
left join months m on m.customer_id = c.customer_id
left join payees p on p.customer_id = c.customer_id
