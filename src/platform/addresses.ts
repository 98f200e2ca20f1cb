/** IP addresses, as configurations and sockets write them. */

/** Whether only this machine can be at the other end. A socket of IPv6 has addresses of IPv4 as well (`::ffff:127.0.0.1`). */
export function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(address) || /^(?:0{0,4}:){2,7}0{0,3}1$/.test(address);
}
