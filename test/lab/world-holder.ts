/** A process that holds a world and says where it is, for tests that end the process. */
import { startWorld } from "../../lab/world.ts";

const { folder, mail, servers } = await startWorld();
process.stdout.write(`${JSON.stringify({ folder, mail, port: servers.smtp?.port })}\n`);
