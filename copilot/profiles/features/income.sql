-- 奖金、养老金与月度结余。
with t as (
  select customer_id, txn_id, txn_date, amount,
    coalesce(kind, 'other') as kind, year(txn_date) * 12 + month(txn_date) as month_no
  from home_transactions
  where txn_date > $as_of - 365 and txn_date <= $as_of
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
  cast(coalesce(b.bonus_30, 0) as bigint) as bonus_30,
  b.bonus_on,
  b.bonus_key,
  cast(coalesce(r.pension_in_90, 0) as bigint) as pension_in_90,
  cast(coalesce(u.surplus_months_6, 0) as bigint) as surplus_months_6,
  u.surplus_avg_6
from customers c
left join bonus b on b.customer_id = c.customer_id
left join pension r on r.customer_id = c.customer_id
left join surplus u on u.customer_id = c.customer_id
