import type { Command } from 'commander'
import { addStoreOptions, openStoreWithQueue } from '../open-store.ts'
import { failureOf, processAgain } from '../redevelop.ts'
import { addSelectionOptions, type Selection, sendSelected } from '../selection.ts'

interface Options extends Selection {
  all: boolean
}

/** `pnpm darkroom redrive --app …`: processes images again that failed without a verdict of the decoder. */
export function addRedrive(program: Command): void {
  const redrive = program
    .command('redrive')
    .description('process failed images of an app again, through the queue')
    .option('--all', 'also those that failed at their first receive, by a verdict of the decoder', false)
  addStoreOptions(addSelectionOptions(redrive))
    .addHelpText(
      'after',
      `
Sends the images that failed after more than one receive: their retries were exhausted, or the engine's process died of
them twice, which may have been the engine's fault. An image that fails again stays failed. Only images whose original
still exists are sent.`,
    )
    .action(async (options: Options) => {
      const store = await openStoreWithQueue(options)
      try {
        console.log(`store: ${store.label}`)
        const sent = await sendSelected(store, options, {
          choose: (image) => failureOf(store, image, options.all),
          send: (image) => processAgain(store, image),
        })
        console.log(`${sent}, to be processed again`)
      } finally {
        store.close()
      }
    })
}
