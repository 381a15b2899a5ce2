-- 活期余额：各账户分别取月末，再按客户相加；账户当期无流水时沿用上一期。趋势只看六个自然月，更早的月份并作一期。
with t as (
  select x.customer_id, coalesce(x.account_id, '') as account_id, x.txn_date, x.txn_id,
    x.balance_after,
    greatest(
      year(x.txn_date) * 12 + month(x.txn_date) - (year($as_of) * 12 + month($as_of) - 5), -1
    ) as month_no
  from home_transactions x
  left join accounts acc on acc.account_id = x.account_id
  where x.txn_date > $as_of - 365 and x.txn_date <= $as_of
    and x.balance_after is not null
    and (acc.kind is null or acc.kind in (select kind from policy_demand_kinds))
),
month_end as (
  select customer_id, account_id, month_no,
    max(txn_date) as txn_date, max_by(balance_after, {'on_date': txn_date, 'id': txn_id}) as balance
  from t
  group by customer_id, account_id, month_no
),
steps as (
  select customer_id, month_no, txn_date,
    balance - case when lag(account_id) over w = account_id then lag(balance) over w else 0 end
      as step
  from month_end
  window w as (partition by customer_id order by account_id, month_no)
),
month_total as (
  select customer_id, month_no, txn_date,
    sum(step) over (partition by customer_id order by month_no) as total
  from (
    select customer_id, month_no, max(txn_date) as txn_date, sum(step) as step
    from steps group by customer_id, month_no
  ) as s
),
last_balance as (
  select customer_id, max_by(total, month_no) as bal_last, max(txn_date) as bal_last_on
  from month_total group by customer_id
),
slope as (
  select customer_id,
    case when count(*) >= 3 then
      cast(count(*) * sum(x * y) - sum(x) * sum(y) as double)
      / cast(count(*) * sum(x * x) - sum(x) * sum(x) as double)
    end as bal_slope
  from (select customer_id, month_no as x, total as y from month_total where month_no >= 0) as p
  group by customer_id
)
select
  c.customer_id,
  cast(b.bal_last as bigint) as bal_last,
  b.bal_last_on,
  s.bal_slope
from customers c
left join last_balance b on b.customer_id = c.customer_id
left join slope s on s.customer_id = c.customer_id
