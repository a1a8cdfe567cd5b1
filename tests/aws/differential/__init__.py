"""The same scenes on Keybus and on moto, each difference with its explanation.

- `scenes`: what is done: the chapters, `queue_scenes` and `event_scenes`.
- `playing`: doing it, through boto3, on either.
- `normal`: answers without what differs each time: ids, times, accounts, regions.
- `differences`, `event_differences`: what differs all the same, as data, with what explains it.
- `test_differential`: nothing else differs, and nothing of it has gone.
"""
