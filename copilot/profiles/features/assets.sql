-- 最近一个快照日的持仓，按产品类型；贷款与信用卡是负债，不计入资产。
with h as (
  select customer_id, product_type, amount, matures_on
  from home_holdings
  where as_of = (select max(as_of) from snapshots where as_of <= $as_of)
),
a as (
  select
    customer_id,
    sum(amount) filter (where product_type = 'deposit') as aum_deposit,
    sum(amount) filter (where product_type = 'deposit' and matures_on is null) as aum_demand,
    sum(amount) filter (where product_type = 'deposit' and matures_on is not null) as aum_time,
    sum(amount) filter (where product_type = 'large_cd') as aum_large_cd,
    sum(amount) filter (where product_type = 'gov_bond') as aum_gov_bond,
    sum(amount) filter (where product_type = 'structured_deposit') as aum_structured,
    sum(amount) filter (where product_type = 'wmp') as aum_wmp,
    sum(amount) filter (where product_type in ('fund', 'private_fund')) as aum_fund,
    sum(amount) filter (where product_type = 'insurance') as aum_insurance,
    sum(amount) filter (where product_type = 'pension') as aum_pension,
    sum(amount) filter (where product_type = 'gold') as aum_gold,
    sum(amount) filter (where product_type not in ('loan', 'credit_card')) as aum_total,
    sum(amount) filter (where product_type = 'loan') as debt_loan,
    sum(amount) filter (where product_type = 'credit_card') as debt_card
  from h
  group by customer_id
),
n as (
  select customer_id, count(*) as n_types
  from (
    select distinct customer_id, product_type
    from holdings
    where as_of = (select max(as_of) from snapshots where as_of <= $as_of)
      and product_type not in ('loan', 'credit_card')
  ) as d
  group by customer_id
),
snapshot as (
  select max(as_of) as holdings_on from snapshots where as_of <= $as_of
)
select
  c.customer_id,
  case when s.holdings_on is not null then cast(coalesce(a.aum_deposit, 0) as bigint) end
    as aum_deposit,
  case when s.holdings_on is not null then cast(coalesce(a.aum_demand, 0) as bigint) end
    as aum_demand,
  case when s.holdings_on is not null then cast(coalesce(a.aum_time, 0) as bigint) end
    as aum_time,
  case when s.holdings_on is not null then cast(coalesce(a.aum_large_cd, 0) as bigint) end
    as aum_large_cd,
  case when s.holdings_on is not null then cast(coalesce(a.aum_gov_bond, 0) as bigint) end
    as aum_gov_bond,
  case when s.holdings_on is not null then cast(coalesce(a.aum_structured, 0) as bigint) end
    as aum_structured,
  case when s.holdings_on is not null then cast(coalesce(a.aum_wmp, 0) as bigint) end as aum_wmp,
  case when s.holdings_on is not null then cast(coalesce(a.aum_fund, 0) as bigint) end as aum_fund,
  case when s.holdings_on is not null then cast(coalesce(a.aum_insurance, 0) as bigint) end
    as aum_insurance,
  case when s.holdings_on is not null then cast(coalesce(a.aum_pension, 0) as bigint) end
    as aum_pension,
  case when s.holdings_on is not null then cast(coalesce(a.aum_gold, 0) as bigint) end as aum_gold,
  case when s.holdings_on is not null then cast(coalesce(a.aum_total, 0) as bigint) end
    as aum_total,
  case when s.holdings_on is not null then cast(coalesce(a.debt_loan, 0) as bigint) end
    as debt_loan,
  case when s.holdings_on is not null then cast(coalesce(a.debt_card, 0) as bigint) end
    as debt_card,
  case when s.holdings_on is not null then coalesce(n.n_types, 0) end as n_types,
  s.holdings_on
from customers c
cross join snapshot s
left join a on a.customer_id = c.customer_id
left join n on n.customer_id = c.customer_id
