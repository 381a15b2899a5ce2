-- 交易活跃度、渠道与时段习惯、资金进出：一年流水扫描一次。
-- 标准差由整数的和与平方和求得，与行的先后无关。weekday 从已知的星期一起按天数取模，0 为星期一；主动交易不含手续费与结息。
with t as (
  select
    customer_id, txn_date, amount, channel, txn_hour,
    coalesce(kind, 'other') as kind,
    coalesce(kind, 'other') not in ('fee', 'interest') as active,
    date_diff('day', date '1970-01-05', txn_date) % 7 as weekday
  from transactions
  where txn_date > $as_of - 365 and txn_date <= $as_of
    and coalesce(currency, (select currency from policy)) = (select currency from policy)
),
a as (
  select
    customer_id,
    max(txn_date) filter (where active) as last_active,
    count(*) filter (where active and txn_date > $as_of - 30) as freq_30,
    count(*) filter (where active and txn_date > $as_of - 90) as freq_90,
    count(*) filter (where active and txn_date <= $as_of - 90 and txn_date > $as_of - 180)
      as freq_prev_90,
    count(*) filter (where active) as freq_365,
    count(*) filter (where active and txn_hour is not null) as timed_365,
    sum(-amount) filter (where active and amount < 0 and txn_date > $as_of - 30) as mon_30,
    sum(-amount) filter (where active and amount < 0 and txn_date > $as_of - 90) as mon_90,
    sum(-amount) filter (where active and amount < 0) as mon_365,
    sum(amount) filter (where amount > 0 and txn_date > $as_of - 90) as inflow_90,
    sum(-amount) filter (where amount < 0 and txn_date > $as_of - 90) as outflow_90,
    max(-amount) filter (where amount < 0 and txn_date > $as_of - 90) as max_out_90,
    count(*) filter (where active and channel = 'counter' and txn_date > $as_of - 90) as n_counter,
    count(*) filter (where active and channel = 'atm' and txn_date > $as_of - 90) as n_atm,
    count(*) filter (where active and channel = 'mobile' and txn_date > $as_of - 90) as n_mobile,
    count(*) filter (where active and channel = 'web' and txn_date > $as_of - 90) as n_web,
    count(*) filter (where active and weekday <= 4 and txn_hour between 9 and 16) as n_work,
    count(*) filter (where active and (txn_hour >= 22 or txn_hour < 6)) as n_night,
    count(*) filter (where active and weekday >= 5) as n_weekend,
    count(*) filter (where active and amount < 0) as spends,
    sum(cast(amount as decimal(38, 0)) * cast(amount as decimal(38, 0)))
      filter (where active and amount < 0) as squares,
    sum(case kind when 'wealth_buy' then -amount when 'wealth_redeem' then -amount else 0 end)
      as wm_net_365,
    sum(-amount) filter (where kind = 'fee' and amount < 0) as fee_365,
    sum(-amount) filter (where kind = 'cash_out' and txn_date > $as_of - 90) as cash_out_90,
    sum(-amount) filter (where kind = 'loan_repay' and txn_date > $as_of - 90) as loan_repay_90,
    sum(-amount) filter (where kind = 'tuition') as tuition_365
  from t
  group by customer_id
)
select
  c.customer_id,
  date_diff('day', a.last_active, $as_of) as rec_days,
  coalesce(
    date_diff('day', a.last_active, $as_of) > (select dormant_days from policy), true
  ) as dormant,
  coalesce(a.freq_30, 0) as freq_30,
  coalesce(a.freq_90, 0) as freq_90,
  coalesce(a.freq_prev_90, 0) as freq_prev_90,
  coalesce(a.freq_365, 0) as freq_365,
  cast(coalesce(a.mon_30, 0) as bigint) as mon_30,
  cast(coalesce(a.mon_90, 0) as bigint) as mon_90,
  cast(coalesce(a.mon_365, 0) as bigint) as mon_365,
  cast(coalesce(a.inflow_90, 0) as bigint) as inflow_90,
  cast(coalesce(a.outflow_90, 0) as bigint) as outflow_90,
  cast(coalesce(a.inflow_90, 0) - coalesce(a.outflow_90, 0) as bigint) as net_90,
  a.max_out_90,
  cast(a.n_counter as double) / nullif(a.freq_90, 0) as sh_counter,
  cast(a.n_atm as double) / nullif(a.freq_90, 0) as sh_atm,
  cast(a.n_mobile as double) / nullif(a.freq_90, 0) as sh_mobile,
  cast(a.n_web as double) / nullif(a.freq_90, 0) as sh_web,
  cast(case when a.timed_365 > 0 then a.n_work end as double) / nullif(a.freq_365, 0) as sh_work,
  cast(case when a.timed_365 > 0 then a.n_night end as double) / nullif(a.freq_365, 0) as sh_night,
  cast(a.n_weekend as double) / nullif(a.freq_365, 0) as sh_weekend,
  case when a.spends > 1 then
    sqrt(cast(a.squares * cast(a.spends as decimal(38, 0))
      - cast(a.mon_365 as decimal(38, 0)) * cast(a.mon_365 as decimal(38, 0)) as double)
      / (cast(a.spends as double) * (a.spends - 1)))
  end as ticket_std,
  cast(coalesce(a.wm_net_365, 0) as bigint) as wm_net_365,
  cast(coalesce(a.fee_365, 0) as bigint) as fee_365,
  cast(coalesce(a.cash_out_90, 0) as bigint) as cash_out_90,
  cast(coalesce(a.loan_repay_90, 0) as bigint) as loan_repay_90,
  cast(coalesce(a.tuition_365, 0) as bigint) as tuition_365
from customers c
left join a on a.customer_id = c.customer_id
