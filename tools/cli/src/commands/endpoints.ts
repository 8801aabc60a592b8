import { readEndpoints } from '@darkroom/local-stack/endpoints'
import type { Command } from 'commander'

/** `pnpm darkroom endpoints`: where the parts of the running local stack are, as JSON. */
export function addEndpoints(program: Command): void {
  program
    .command('endpoints')
    .description('print where the parts of the running local stack are')
    .action(async () => console.log(JSON.stringify(await readEndpoints(), null, 2)))
}
