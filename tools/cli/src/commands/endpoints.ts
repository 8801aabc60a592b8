import { readEndpoints } from '@darkroom/local-stack/endpoints'
import type { Command } from 'commander'

/** `pnpm darkroom endpoints`: the addresses of the running local stack as JSON. */
export function addEndpoints(program: Command): void {
  program
    .command('endpoints')
    .description('print the addresses of the running local stack as JSON')
    .action(async () => console.log(JSON.stringify(await readEndpoints(), null, 2)))
}
