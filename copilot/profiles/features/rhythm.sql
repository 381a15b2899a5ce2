-- 交易的广度。月份以位相或：每月一位，数有几位；对手方先去重再计数。
with months as (
  select customer_id, bit_count(bit_or(1 << months_ago)) as active_months
  from (
    select customer_id,
      (year($as_of) - year(txn_date)) * 12 + month($as_of) - month(txn_date) as months_ago
    from transactions
    where txn_date > $as_of - 365 and txn_date <= $as_of
      and coalesce(kind, 'other') not in ('fee', 'interest')
  ) as t
  group by customer_id
),
payees as (
  select customer_id, count(*) as distinct_cp_90
  from (
    select distinct customer_id, counterparty_id
    from transactions
    where txn_date > $as_of - 90 and txn_date <= $as_of and counterparty_id is not null
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
