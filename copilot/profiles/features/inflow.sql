-- 近七天最大的一笔到账；工资、奖金、养老金、结息与理财赎回另有特征，不在此列。
with t as (
  select customer_id, txn_id, txn_date, amount,
    row_number() over (partition by customer_id order by amount desc, txn_id) as place
  from home_transactions
  where txn_date > $as_of - 7 and txn_date <= $as_of and amount > 0
    and coalesce(kind, 'other') not in
      ('salary', 'bonus', 'pension', 'interest', 'wealth_redeem')
)
select
  c.customer_id,
  t.amount as inflow_max_7,
  t.txn_date as inflow_max_7_on,
  t.txn_id as inflow_max_7_key
from customers c
left join t on t.customer_id = c.customer_id and t.place = 1
