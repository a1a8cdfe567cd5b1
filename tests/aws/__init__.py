"""AWS's faces, held to AWS's own service models and to another implementation of them.

What asks, and what looks at answers:

- `surface`: which operations are answered, refused on purpose, and not there yet; of all services.
- `serialising`: what a service is sent, whatever it is; `wire`: sends it, signed or not.
- `answers`: whether an answer is one that botocore's parser and the operation's shapes know.
- `chapters/`: every supported operation with valid input, in the order in which programs ask.
- `mutants`: input at the bounds of a shape, and beyond them, made from the model.
- `hostility`: requests that no client sends; `signatures`: what was changed after signing.
- `open`, `closed`, `another`: the servers; `innocents`: an account at work on the closed one.

The tests:

- `test_shapes`: every answer has the shape that the model says.
- `test_boundaries`: every member of every operation at its bounds.
- `test_hostile`, `test_hostile_serve`: no 500, no leak, no loss, whatever is sent.
- `test_requests`: what the protocol says of heads, targets and encodings.
- `test_usual_script`: one program, `usual_script`, on Keybus, open and closed, and on moto.
- `test_command_line`: the same by the AWS CLI.
- `differential/`: the same scenes on Keybus and on moto, each difference with its explanation.
- `recorded/`: what infrastructure tools send, and that it is answered.

A new operation of the server is found by itself; it needs a step in a chapter, and a row in
docs/aws.md, which `python -m tests.docs.aws_page` writes.
"""
