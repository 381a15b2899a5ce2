-- 工资、奖金、养老金与月度结余。工资按付款方识别：六个月以上、各月最多不超过最少的两倍。
with t as (
  select customer_id, txn_id, txn_date, amount, counterparty_id,
    coalesce(kind, 'other') as kind, year(txn_date) * 12 + month(txn_date) as month_no
  from transactions
  where txn_date > $as_of - 365 and txn_date <= $as_of
    and coalesce(currency, (select currency from policy)) = (select currency from policy)
),
payer_month as (
  select customer_id, counterparty_id, month_no, sum(amount) as amount
  from t
  where kind in ('salary', 'transfer_in') and amount > 0 and counterparty_id is not null
  group by customer_id, counterparty_id, month_no
),
payer as (
  select customer_id, counterparty_id, cast(sum(amount) as double) / count(*) as mean_amount
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
),
bonus_rows as (
  select customer_id, txn_id, txn_date, amount,
    row_number() over (partition by customer_id order by amount desc, txn_id) as place
  from t
  where kind = 'bonus' and amount > 0 and txn_date > $as_of - 30
),
bonus as (
  select customer_id, sum(amount) as bonus_30,
    max(case when place = 1 then txn_date end) as bonus_on,
    max(case when place = 1 then txn_id end) as bonus_key
  from bonus_rows group by customer_id
),
pension as (
  select customer_id, sum(amount) as pension_in_90
  from t
  where kind = 'pension' and amount > 0 and txn_date > $as_of - 90
  group by customer_id
),
surplus as (
  select customer_id,
    sum(case when net > 0 then 1 else 0 end) as surplus_months_6,
    cast(floor(cast(sum(net) as double) / 6) as bigint) as surplus_avg_6
  from (
    select customer_id, month_no, sum(amount) as net
    from t
    where kind not in ('wealth_buy', 'wealth_redeem', 'bonus')
      and month_no between year($as_of) * 12 + month($as_of) - 6
        and year($as_of) * 12 + month($as_of) - 1
    group by customer_id, month_no
  ) as m
  group by customer_id
)
select
  c.customer_id,
  s.salary_month,
  coalesce(s.n_salary_cp, 0) as n_salary_cp,
  p.salary_first_on,
  p.salary_last_on,
  cast(coalesce(b.bonus_30, 0) as bigint) as bonus_30,
  b.bonus_on,
  b.bonus_key,
  cast(coalesce(r.pension_in_90, 0) as bigint) as pension_in_90,
  cast(coalesce(u.surplus_months_6, 0) as bigint) as surplus_months_6,
  u.surplus_avg_6
from customers c
left join salary s on s.customer_id = c.customer_id
left join paid p on p.customer_id = c.customer_id
left join bonus b on b.customer_id = c.customer_id
left join pension r on r.customer_id = c.customer_id
left join surplus u on u.customer_id = c.customer_id
