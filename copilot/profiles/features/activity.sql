-- 交易活跃度、渠道与时段习惯、资金进出：近九十天与近一年各汇总一次。
-- 标准差由整数的和与平方和求得，与行的先后无关。weekday 从已知的星期一起按天数取模，0 为星期一；主动交易不含手续费与结息。
with recent as (
  select
    customer_id,
    count(*) filter (where active and in_30) as freq_30,
    count(*) filter (where active) as freq_90,
    sum(-amount) filter (where active and amount < 0 and in_30) as mon_30,
    sum(-amount) filter (where active and amount < 0) as mon_90,
    sum(amount) filter (where amount > 0) as inflow_90,
    sum(-amount) filter (where amount < 0) as outflow_90,
    max(-amount) filter (where amount < 0) as max_out_90,
    count(*) filter (where active and channel = 'counter') as n_counter,
    count(*) filter (where active and channel = 'atm') as n_atm,
    count(*) filter (where active and channel = 'mobile') as n_mobile,
    count(*) filter (where active and channel = 'web') as n_web,
    sum(-amount) filter (where kind = 'cash_out') as cash_out_90,
    sum(-amount) filter (where kind = 'loan_repay') as loan_repay_90
  from (
    select customer_id, amount, channel, kind,
      coalesce(kind, 'other') not in ('fee', 'interest') as active,
      txn_date > $as_of - 30 as in_30
    from home_transactions
    where txn_date > $as_of - 90 and txn_date <= $as_of
  ) as t
  group by customer_id
),
year_long as (
  select
    customer_id,
    max(txn_date) filter (where active) as last_active,
    count(*) filter (where active and txn_date <= $as_of - 90 and txn_date > $as_of - 180)
      as freq_prev_90,
    count(*) filter (where active) as freq_365,
    count(*) filter (where active and txn_hour is not null) as timed_365,
    sum(-amount) filter (where active and amount < 0) as mon_365,
    count(*) filter (where active and weekday <= 4 and txn_hour between 9 and 16) as n_work,
    count(*) filter (where active and (txn_hour >= 22 or txn_hour < 6)) as n_night,
    count(*) filter (where active and weekday >= 5) as n_weekend,
    count(*) filter (where active and amount < 0) as spends,
    sum(cast(amount as decimal(38, 0)) * cast(amount as decimal(38, 0)))
      filter (where active and amount < 0) as squares,
    sum(-amount) filter (where kind in ('wealth_buy', 'wealth_redeem')) as wm_net_365,
    sum(-amount) filter (where kind = 'fee' and amount < 0) as fee_365,
    sum(-amount) filter (where kind = 'tuition') as tuition_365
  from (
    select customer_id, txn_date, amount, txn_hour, kind,
      coalesce(kind, 'other') not in ('fee', 'interest') as active,
      date_diff('day', date '1970-01-05', txn_date) % 7 as weekday
    from home_transactions
    where txn_date > $as_of - 365 and txn_date <= $as_of
  ) as t
  group by customer_id
)
select
  c.customer_id,
  date_diff('day', y.last_active, $as_of) as rec_days,
  coalesce(
    date_diff('day', y.last_active, $as_of) > (select dormant_days from policy), true
  ) as dormant,
  coalesce(r.freq_30, 0) as freq_30,
  coalesce(r.freq_90, 0) as freq_90,
  coalesce(y.freq_prev_90, 0) as freq_prev_90,
  coalesce(y.freq_365, 0) as freq_365,
  cast(coalesce(r.mon_30, 0) as bigint) as mon_30,
  cast(coalesce(r.mon_90, 0) as bigint) as mon_90,
  cast(coalesce(y.mon_365, 0) as bigint) as mon_365,
  cast(coalesce(r.inflow_90, 0) as bigint) as inflow_90,
  cast(coalesce(r.outflow_90, 0) as bigint) as outflow_90,
  cast(coalesce(r.inflow_90, 0) - coalesce(r.outflow_90, 0) as bigint) as net_90,
  r.max_out_90,
  cast(r.n_counter as double) / nullif(r.freq_90, 0) as sh_counter,
  cast(r.n_atm as double) / nullif(r.freq_90, 0) as sh_atm,
  cast(r.n_mobile as double) / nullif(r.freq_90, 0) as sh_mobile,
  cast(r.n_web as double) / nullif(r.freq_90, 0) as sh_web,
  cast(case when y.timed_365 > 0 then y.n_work end as double) / nullif(y.freq_365, 0) as sh_work,
  cast(case when y.timed_365 > 0 then y.n_night end as double) / nullif(y.freq_365, 0) as sh_night,
  cast(y.n_weekend as double) / nullif(y.freq_365, 0) as sh_weekend,
  case when y.spends > 1 then
    sqrt(cast(y.squares * cast(y.spends as decimal(38, 0))
      - cast(y.mon_365 as decimal(38, 0)) * cast(y.mon_365 as decimal(38, 0)) as double)
      / (cast(y.spends as double) * (y.spends - 1)))
  end as ticket_std,
  cast(coalesce(y.wm_net_365, 0) as bigint) as wm_net_365,
  cast(coalesce(y.fee_365, 0) as bigint) as fee_365,
  cast(coalesce(r.cash_out_90, 0) as bigint) as cash_out_90,
  cast(coalesce(r.loan_repay_90, 0) as bigint) as loan_repay_90,
  cast(coalesce(y.tuition_365, 0) as bigint) as tuition_365
from customers c
left join year_long y on y.customer_id = c.customer_id
left join recent r on r.customer_id = c.customer_id
