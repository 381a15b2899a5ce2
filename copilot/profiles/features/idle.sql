-- 活期闲置：余额够数的客户，逐日取各账户日末相加；窗口内的最低余额，和从哪一天起不低于它。
with rich as (
  select customer_id from features
  where bal_last >= (select idle_demand_amount from policy)
),
t as (
  select x.customer_id, coalesce(x.account_id, '') as account_id, x.txn_date, x.txn_id,
    x.balance_after
  from home_transactions x
  join rich on rich.customer_id = x.customer_id
  left join accounts acc on acc.account_id = x.account_id
  where x.txn_date > $as_of - 365 and x.txn_date <= $as_of
    and x.balance_after is not null
    and (acc.kind is null or acc.kind in (select kind from policy_demand_kinds))
),
day_end as (
  select customer_id, account_id, txn_date, max_by(balance_after, txn_id) as balance
  from t
  group by customer_id, account_id, txn_date
),
day_total as (
  select customer_id, txn_date,
    sum(step) over (partition by customer_id order by txn_date) as total,
    lead(txn_date) over (partition by customer_id order by txn_date) as until_date
  from (
    select customer_id, txn_date, sum(step) as step
    from (
      select customer_id, txn_date,
        balance
          - case when lag(account_id) over w = account_id then lag(balance) over w else 0 end as step
      from day_end
      window w as (partition by customer_id order by account_id, txn_date)
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
  f.customer_id,
  cast(i.idle_amount as bigint) as idle_amount,
  date_diff('day', i.idle_since, $as_of) as idle_days,
  i.idle_since
from features f
left join idle_money i on i.customer_id = f.customer_id
