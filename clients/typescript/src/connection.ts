/** Where a bus is; what is not given is for the AWS SDK to find. */
export interface Connection {
  /** The bus's address, such as `http://127.0.0.1:7411`; `KEYBUS_URL`, or else AWS. */
  readonly endpoint?: string;
  /** The region; `local` where an endpoint is given and the environment names none. */
  readonly region?: string;
}

/** The configuration of an AWS SDK client that talks to it. */
export function configurationOf(connection: Connection): {
  endpoint?: string;
  region?: string;
} {
  const endpoint =
    connection.endpoint ?? (process.env["KEYBUS_URL"] || undefined);
  const named = Boolean(process.env["AWS_REGION"]);
  const region =
    connection.region ??
    (endpoint !== undefined && !named ? "local" : undefined);
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
  };
}

/** Whether an AWS SDK's error may be over soon; the SDK has tried a few times by then. */
export function mayPass(error: unknown): boolean {
  const { name, code, $metadata, $retryable } = error as {
    name?: string;
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
    $retryable?: unknown;
  };
  if ($retryable !== undefined || isThrottling(name)) return true;
  const status = $metadata?.httpStatusCode;
  // There was no answer: the system says why. All else is about the program's own settings.
  if (status === undefined)
    return typeof code === "string" || name === "TimeoutError";
  return status >= 500 || status === 429;
}

/** Whether an error code says that there is too much at the moment. */
export function isThrottling(code: string | undefined): boolean {
  return /Throttl|TooManyRequests|RequestLimitExceeded/.test(code ?? "");
}
