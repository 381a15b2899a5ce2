-- 活期余额：各账户分别取月末，再按客户相加；账户当期无流水时沿用上一期。
-- 闲置只看余额够数的客户，按日取各账户日末。
with t as (
  select x.customer_id, coalesce(x.account_id, '') as account_id, x.txn_date, x.txn_id,
    x.balance_after
  from transactions x
  left join accounts acc on acc.account_id = x.account_id
  where x.txn_date > $as_of - 365 and x.txn_date <= $as_of
    and x.balance_after is not null
    and coalesce(x.currency, (select currency from policy)) = (select currency from policy)
    and (acc.kind is null or acc.kind in (select kind from policy_demand_kinds))
),
month_end as (
  select customer_id, account_id, year(txn_date) * 12 + month(txn_date) as month_no,
    max(txn_date) as txn_date, max_by(balance_after, {'on_date': txn_date, 'id': txn_id}) as balance
  from t
  group by customer_id, account_id, year(txn_date) * 12 + month(txn_date)
),
steps as (
  select customer_id, month_no, txn_date,
    balance - coalesce(lag(balance) over (
      partition by customer_id, account_id order by month_no), 0) as step
  from month_end
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
  from (
    select customer_id, month_no - (year($as_of) * 12 + month($as_of) - 5) as x, total as y
    from month_total
    where month_no >= year($as_of) * 12 + month($as_of) - 5
  ) as p
  group by customer_id
),
rich as (
  select customer_id from last_balance
  where bal_last >= (select idle_demand_amount from policy)
),
day_end as (
  select t.customer_id, t.account_id, t.txn_date, max_by(t.balance_after, t.txn_id) as balance
  from t
  join rich on rich.customer_id = t.customer_id
  group by t.customer_id, t.account_id, t.txn_date
),
day_total as (
  select customer_id, txn_date,
    sum(step) over (partition by customer_id order by txn_date) as total,
    lead(txn_date) over (partition by customer_id order by txn_date) as until_date
  from (
    select customer_id, txn_date, sum(step) as step
    from (
      select customer_id, txn_date,
        balance - coalesce(lag(balance) over (
          partition by customer_id, account_id order by txn_date), 0) as step
      from day_end
    ) as d
    group by customer_id, txn_date
  ) as s
),
window_start as (
  select $as_of - idle_demand_days as start_date from policy
),
idle as (
  select customer_id, min(total) as low, min(txn_date) as first_date
  from day_total, window_start
  where until_date is null or until_date > start_date
  group by customer_id
),
known as (
  select customer_id, min(txn_date) as known_from from day_total group by customer_id
),
since as (
  select d.customer_id, max(d.until_date) as since_date
  from day_total d join idle i on i.customer_id = d.customer_id
  where d.total < i.low
  group by d.customer_id
),
idle_money as (
  select i.customer_id, i.low as idle_amount,
    coalesce(s.since_date, k.known_from) as idle_since
  from idle i
  join known k on k.customer_id = i.customer_id
  left join since s on s.customer_id = i.customer_id
  where k.known_from <= (select start_date from window_start)
    and i.low >= (select idle_demand_amount from policy)
)
select
  c.customer_id,
  cast(b.bal_last as bigint) as bal_last,
  b.bal_last_on,
  s.bal_slope,
  cast(i.idle_amount as bigint) as idle_amount,
  date_diff('day', i.idle_since, $as_of) as idle_days,
  i.idle_since
from customers c
left join last_balance b on b.customer_id = c.customer_id
left join slope s on s.customer_id = c.customer_id
left join idle_money i on i.customer_id = c.customer_id
