/** IP addresses, as configurations and sockets write them. */
import { isIPv6 } from "node:net";

/** Whether only this machine can be at the other end. A socket of IPv6 has addresses of IPv4 as well (`::ffff:127.0.0.1`). */
export function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(address) || /^(?:0{0,4}:){2,7}0{0,3}1$/.test(address);
}

/**
 * Whom an address of another machine's belongs to: one household or server has a whole /64 of IPv6 to choose from.
 *
 * @returns the address itself for IPv4, in whichever form; `2001:db8:0:1::/64` otherwise, as eight groups have it
 */
export function networkOf(address: string): string {
  const [bare = ""] = address.split("%");
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(bare);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!isIPv6(bare)) return bare;
  const [before = "", after = ""] = bare.split("::");
  const [first, last] = [groupsOf(before), groupsOf(after)];
  const gap = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => "0");
  const four = [...first, ...(bare.includes("::") ? gap : []), ...last].slice(0, 4);
  return `${four.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

function groupsOf(part: string): string[] {
  return part === "" ? [] : part.split(":");
}
