-- 由前面的特征推出的位置：层级、生命阶段、生命周期、可否联系。
with tier as (
  select f.customer_id, max_by(p.tier, p.min_amount) as tier, max(p.min_amount) as tier_floor
  from features f join policy_tiers p on p.min_amount <= f.aum_month_avg
  group by f.customer_id
),
next_tier as (
  select f.customer_id, min_by(p.tier, p.min_amount) as tier_next,
    min(p.min_amount) as tier_next_floor
  from features f join policy_tiers p on p.min_amount > f.aum_month_avg
  group by f.customer_id
)
select
  f.customer_id,
  t.tier,
  t.tier_floor,
  n.tier_next,
  n.tier_next_floor - f.aum_month_avg as tier_gap,
  case when f.aum_total is not null then f.aum_total < t.tier_floor end as tier_at_risk,
  case
    when c.occupation like '%学生%' or f.age < 18 then 'student'
    when f.age <= 24 and f.salary_first_on is null and c.occupation is null then 'student'
    when f.age >= 60 or f.pension_in_90 > 0 or c.occupation like '%退休%' then 'retired'
    when f.loan_repay_90 > 0 or f.tuition_365 > 0 then 'family'
    when f.salary_first_on is not null or f.n_salary_cp > 0 or c.occupation is not null
      then 'working'
    else 'unknown'
  end as life_stage,
  case
    when f.tenure_days <= 90 then 'new'
    when f.dormant then 'dormant'
    when f.aum_change_rate_90 <= -0.3
      or (f.freq_prev_90 >= 6 and f.freq_90 * 2 <= f.freq_prev_90) then 'declining'
    when f.aum_change_rate_90 >= 0.2 then 'growing'
    when f.dormant is not null or f.aum_change_rate_90 is not null then 'mature'
    else 'unknown'
  end as lifecycle,
  coalesce(
    (f.consent_phone or f.consent_sms or f.consent_wecom or f.consent_app)
    and coalesce(f.last_contact_days >= (select contact_interval_days from policy), true)
    and coalesce(f.last_refusal_days >= (select contact_refusal_days from policy), true)
    and coalesce(f.complaints_open, 0) = 0
    and not coalesce(f.profiling_refused, false)
    and coalesce(f.age >= 18, true),
    false
  ) as contact_ok
from features f
join customers c on c.customer_id = f.customer_id
left join tier t on t.customer_id = f.customer_id
left join next_tier n on n.customer_id = f.customer_id
