import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

type Answer = { status?: number; body: unknown };
type Operation = (input: Record<string, unknown>) => Answer | Promise<Answer>;

/** A server that speaks AWS's JSON protocol, on a free port of the loopback. */
export class AwsServer {
  readonly asked: { operation: string; input: Record<string, unknown> }[] = [];
  /** Whether the server is not there for a request. */
  refuse: (operation: string) => boolean = () => false;
  readonly #server: Server;

  constructor(operations: Readonly<Record<string, Operation>>) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", async () => {
        const operation =
          String(request.headers["x-amz-target"]).split(".")[1] ?? "";
        const input = JSON.parse(Buffer.concat(chunks).toString() || "{}");
        if (this.refuse(operation)) return void request.socket.destroy();
        this.asked.push({ operation, input });
        const { status = 200, body } = (await operations[operation]?.(
          input,
        )) ?? {
          status: 400,
          body: { __type: "UnknownOperationException", message: operation },
        };
        response.writeHead(status, {
          "content-type": "application/x-amz-json-1.0",
        });
        response.end(JSON.stringify(body));
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) =>
      this.#server.listen(0, "127.0.0.1", resolve),
    );
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  inputs(operation: string): Record<string, unknown>[] {
    return this.asked
      .filter((each) => each.operation === operation)
      .map(({ input }) => input);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A message as SQS hands it out. */
export function message(
  id: string,
  detail: unknown,
  attributes: Record<string, string> = {},
) {
  const type = (detail as { type?: unknown }).type;
  const envelope = {
    version: "0",
    id,
    "detail-type": type,
    source: "shop",
    time: "",
    detail,
  };
  const Body = JSON.stringify(envelope);
  return {
    MessageId: id,
    ReceiptHandle: `handle-${id}`,
    Body,
    MD5OfBody: createHash("md5").update(Body).digest("hex"),
    Attributes: { ApproximateReceiveCount: "1", ...attributes },
  };
}

process.env["AWS_ACCESS_KEY_ID"] = "any";
process.env["AWS_SECRET_ACCESS_KEY"] = "any";
