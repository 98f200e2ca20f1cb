/** Servers that let everybody in. */
import type { Peer } from "./stub-server.ts";

export async function playImap(peer: Peer): Promise<void> {
  peer.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER NAMESPACE] ready\r\n");
  for (;;) {
    const [tag = "", command = ""] = (await peer.readLine()).split(" ");
    peer.send(`${tag} OK ${command} completed\r\n`);
    if (command === "LOGOUT") return;
  }
}

export async function playPop(peer: Peer): Promise<void> {
  peer.send("+OK ready\r\n");
  for (;;) {
    const command = await peer.readLine();
    if (command === "CAPA") peer.send("+OK\r\nSASL XOAUTH2 OAUTHBEARER\r\n.\r\n");
    else if (command.startsWith("AUTH")) peer.send("+ \r\n");
    else peer.send("+OK 0 0\r\n");
    if (command === "QUIT") return;
  }
}
