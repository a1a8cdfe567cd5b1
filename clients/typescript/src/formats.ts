import type { Format } from "ajv";
import ajvFormats from "ajv-formats";

// A CommonJS module: what it exports by default is a member of what ESM imports.
const known = ajvFormats.default;

const DURATION =
  /^P(?=[0-9T])(?:[0-9]+W|(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?)$/;
const UUID = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const DATE_TIME = /^[0-9-]{10}[Tt][0-9:.]+(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$/;
const LOCAL_PART =
  /^(?:[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*|"(?:[^"\\\r\n]|\\.)*")$/;
const DOMAIN =
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const MOST_OF_LOCAL_PART = 64;

/**
 * The formats that are asserted, as Keybus asserts them everywhere; others are annotations.
 *
 * Most are those of ajv-formats. It takes a blank in a date-time for a T and a colon in its offset
 * for optional (RFC 3339, section 5.6), and refuses e-mail addresses that RFC 5321 allows.
 */
export const FORMATS: Readonly<Record<string, Format>> = {
  date: known.get("date"),
  "date-time": (text: string) =>
    DATE_TIME.test(text) && accepts("date-time", text),
  duration: DURATION,
  email: isEmail,
  hostname: (text: string) => !text.endsWith(".") && accepts("hostname", text),
  ipv4: known.get("ipv4"),
  ipv6: known.get("ipv6"),
  regex: known.get("regex"),
  time: known.get("time"),
  uri: known.get("uri"),
  uuid: UUID,
};

function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || local.length > MOST_OF_LOCAL_PART || !LOCAL_PART.test(local))
    return false;
  const literal = /^\[(IPv6:)?(.*)\]$/.exec(domain);
  if (literal === null) return DOMAIN.test(domain);
  return accepts(literal[1] === undefined ? "ipv4" : "ipv6", literal[2] ?? "");
}

function accepts(
  name: "date-time" | "hostname" | "ipv4" | "ipv6",
  text: string,
): boolean {
  const format = known.get(name);
  if (format instanceof RegExp) return format.test(text);
  const validate = typeof format === "object" ? format.validate : format;
  return (validate as (value: string) => boolean)(text);
}
