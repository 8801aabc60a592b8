import { readEndpoints } from '@darkroom/local-stack/endpoints'
import { Argument, type Command } from 'commander'
import openInBrowser from 'open'

const PAGES = ['loupe', 'field-notes', 'lightmeter', 'docs'] as const

/** `pnpm darkroom open [PAGE]`: opens a page of the running local stack. */
export function addOpen(program: Command): void {
  program
    .command('open')
    .description('open a page of the running local stack in the browser')
    .addArgument(new Argument('[page]', 'which page').choices(PAGES).default('loupe'))
    .action(async (page: (typeof PAGES)[number]) => {
      const { webApp1, webApp2, dashboard, uploadApi } = await readEndpoints()
      const url = {
        loupe: webApp1,
        'field-notes': webApp2,
        lightmeter: dashboard,
        docs: `${uploadApi}/docs`,
      }[page]
      console.log(url)
      await openInBrowser(url)
    })
}
