-- 工资按付款方识别：六个月以上、各月最多不超过最少的两倍。首末次代发看全部历史。
with payer_month as (
  select customer_id, counterparty_id, month_no, sum(amount) as amount
  from (
    select customer_id, counterparty_id, amount, year(txn_date) * 12 + month(txn_date) as month_no
    from home_transactions
    where txn_date > $as_of - 365 and txn_date <= $as_of
      and kind in ('salary', 'transfer_in') and amount > 0 and counterparty_id is not null
  ) as t
  group by customer_id, counterparty_id, month_no
),
payer as (
  select customer_id, cast(sum(amount) as double) / count(*) as mean_amount
  from payer_month
  group by customer_id, counterparty_id
  having count(*) >= 6 and max(amount) <= 2 * min(amount)
),
salary as (
  select customer_id, max(mean_amount) as salary_month, count(*) as n_salary_cp
  from payer group by customer_id
),
paid as (
  select customer_id, min(txn_date) as salary_first_on, max(txn_date) as salary_last_on
  from transactions
  where kind = 'salary' and amount > 0 and txn_date <= $as_of
  group by customer_id
)
select
  c.customer_id,
  s.salary_month,
  coalesce(s.n_salary_cp, 0) as n_salary_cp,
  p.salary_first_on,
  p.salary_last_on
from customers c
left join salary s on s.customer_id = c.customer_id
left join paid p on p.customer_id = c.customer_id
