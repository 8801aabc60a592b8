import { AppId, ImageId } from '@darkroom/core'
import { printable } from '@darkroom/terminal'
import type { Command } from 'commander'
import { addStoreOptions, openStore, type StoreOptions } from '../open-store.ts'
import { parsedBy } from '../parsed-by.ts'
import { findApps, type TracedEvent, traceImage } from '../trace.ts'

interface Options extends StoreOptions {
  app?: string
  json?: boolean
}

/** `pnpm darkroom trace ID`: what happened to an image. */
export function addTrace(program: Command): void {
  const trace = program
    .command('trace')
    .description('print everything that is known of an image, in the order of time; it changes nothing')
    .argument('<image>', "the image's id", parsedBy(ImageId))
    .option('--app <app>', 'the app that it belongs to; without it, all apps are looked at', parsedBy(AppId))
    .option('--json', 'one line of JSON for each event')
  addStoreOptions(trace).action(async (imageId: ImageId, { app, json, ...options }: Options) => {
    const store = await openStore(options)
    try {
      if (!json) console.log(`store: ${store.label}`)
      const apps = app === undefined ? await findApps(store, imageId) : [app]
      const events = await Promise.all(
        apps.map(async (name) => ({ app: name, events: await traceImage(store, { app: name, imageId }) })),
      )
      const known = events.filter((found) => found.events.length > 0)
      if (known.length === 0) throw new Error(`Nothing is known of the image ${imageId}.`)
      for (const found of known) {
        if (!json) console.log(`${imageId} of ${found.app}`)
        for (const event of found.events)
          console.log(json ? JSON.stringify({ app: found.app, ...event }) : lineOf(event))
      }
      if (!json && !store.queues) console.log('The queues were not looked at: add --queue-url.')
    } finally {
      store.close()
    }
  })
}

function lineOf({ time, what, details }: TracedEvent): string {
  return `${(time?.toISOString() ?? 'now').padEnd(24)}  ${what.padEnd(12)}  ${printable(details)}`
}
