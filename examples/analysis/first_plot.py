# pip install 'bcda[duckdb,pandas]' matplotlib
import bcda

result = bcda.Sandbox().client().export(out="claims")  # synthetic claims; bcda.Client(...) gets real ones
query = """select strftime(from_date, '%Y-%m') as month, left(principal_diagnosis_code, 1) as chapter,
    sum(payment_amount) as paid from claim group by all"""
paid = result.duckdb(final_only=True).sql(query).df()
axes = paid.pivot_table("paid", "month", "chapter").plot.bar(stacked=True, ylabel="Paid (US dollars)")
axes.figure.savefig("paid.png", bbox_inches="tight")
