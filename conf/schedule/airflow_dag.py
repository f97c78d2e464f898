"""Summaries of the day's documents, each night: an Airflow DAG with one task.

The job keeps what is done, so a retry goes on where the last try was. Exit code 3 says that the
deadline came first: the task is skipped then, not failed, and the next night goes on.
"""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(
    dag_id="glm_spark_nightly",
    schedule="0 22 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
) as dag:
    BashOperator(
        task_id="summarize",
        bash_command=(
            "/srv/glm-spark/job/bin/glm run /srv/glm-spark/conf/schedule/nightly.json --incremental --deadline 8h"
        ),
        cwd="/srv/glm-spark",
        skip_on_exit_code=3,
        retries=3,
        retry_delay=timedelta(minutes=5),
    )
