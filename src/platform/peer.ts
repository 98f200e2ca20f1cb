/** Who is at the other end of a unix socket, as the kernel knows it. */
import type { Libc } from "./libc.ts";

/** Linux: SO_PEERCRED of SOL_SOCKET fills pid, uid, gid. @see unix(7) */
const LINUX = { level: 1, option: 17, bytes: 12, uidAt: 4 };
/** macOS: LOCAL_PEERCRED of SOL_LOCAL fills a struct xucred: version, uid, groups. @see unix(4) */
const DARWIN = { level: 0, option: 1, bytes: 76, uidAt: 4 };

/**
 * @returns the user id of the process that connected; undefined where the platform cannot tell, or it has hung up. Then it is
 *   the folder of the socket, 0700, that keeps others out.
 */
export function peerUid(libc: Libc | undefined, descriptor: number | undefined): number | undefined {
  if (libc === undefined || descriptor === undefined || descriptor < 0) return undefined;
  const { level, option, bytes, uidAt } = process.platform === "darwin" ? DARWIN : LINUX;
  const credentials = new Uint8Array(bytes);
  if (libc.getsockopt(descriptor, level, option, credentials) !== 0) return undefined;
  return new DataView(credentials.buffer).getUint32(uidAt, true); // all platforms of the executable are little-endian
}

/** Whether the process that connected is this user's, or root's, or nobody can tell. */
export function isOursOrRoots(libc: Libc | undefined, descriptor: number | undefined): boolean {
  const user = peerUid(libc, descriptor);
  return user === undefined || user === process.getuid?.() || user === 0;
}
