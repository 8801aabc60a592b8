import { AppId, type ReceivedOutcome, readOutcomeEvent, readRefusal } from '@darkroom/core'
import { printable } from '@darkroom/terminal'
import type { Command } from 'commander'
import { replay } from '../events/replay.ts'
import { type EventFilter, type Subscription, subscribe } from '../events/topic.ts'
import { addStoreOptions, openStoreWithQueue, type StoreOptions } from '../open-store.ts'
import { parsedBy, wholeNumberUpTo } from '../parsed-by.ts'
import { addSelectionOptions, type Selection } from '../selection.ts'

/** `pnpm darkroom events tail|replay`: the outcomes of images, as events on the topic. */
export function addEvents(program: Command): void {
  const events = program.command('events').description('follow or repeat the events of finished images')
  addTail(events)
  addReplay(events)
}

interface TailOptions extends StoreOptions {
  app?: string
  type?: string
  count?: number
  json?: boolean
}

function addTail(events: Command): void {
  const tail = events
    .command('tail')
    .description('print each event of the topic, until Ctrl-C')
    .option('--app <app>', 'only of this app', parsedBy(AppId))
    .option('--type <type>', 'only of this type, such as image.failed.v1')
    .option('--count <number>', 'end after this many events', wholeNumberUpTo(1_000_000))
    .option('--json', 'the events themselves, one per line')
  addStoreOptions(tail).action(async ({ app, type, count, json, ...options }: TailOptions) => {
    const store = await openStoreWithQueue(options)
    const stopped = new AbortController()
    const stop = () => stopped.abort()
    process.once('SIGINT', stop).once('SIGTERM', stop)
    try {
      const filter: EventFilter = { ...(app && { app: [app] }), ...(type && { type: [type] }) }
      const subscription = await subscribe(store, filter)
      console.error(`topic: ${subscription.topicArn}. Ctrl-C ends this.`)
      const write = (body: string) => console.log(json ? jsonOf(body) : printable(lineOf(body)))
      await follow(subscription, count ?? Infinity, stopped.signal, write).finally(subscription.end)
    } finally {
      process.off('SIGINT', stop).off('SIGTERM', stop)
      store.close()
    }
  })
}

async function follow(
  { receive }: Subscription,
  count: number,
  signal: AbortSignal,
  write: (body: string) => void,
): Promise<void> {
  let left = count
  while (left > 0 && !signal.aborted) {
    const bodies = await receive(signal).catch((error: Error) => {
      if (signal.aborted) return []
      throw error
    })
    for (const body of bodies.slice(0, left)) write(body)
    left -= bodies.length
  }
}

/** One line; a text for what is no JSON. */
function jsonOf(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body))
  } catch {
    return JSON.stringify(body)
  }
}

/**
 * `13:20:11  image.failed.v1     web-app-1  01a207d9-…  corrupt-image`, or of refusals
 * `13:20:11  image.refused.v1    web-app-1  3 × type-mismatch`; the time is UTC.
 */
function lineOf(body: string): string {
  const { refusal } = readRefusal(body)
  if (refusal) {
    const { time, type, data } = refusal
    return [time.slice(11, 19), type.padEnd(18), data.app, `${data.refusals} × ${data.refusal_type}`].join(
      '  ',
    )
  }
  const { event, unreadable } = readOutcomeEvent(body)
  if (!event) return `not readable: ${unreadable}`
  const { time, type, subject, data } = event
  return [time.slice(11, 19), type.padEnd(18), data?.app ?? '', subject, detailOf(data)].join('  ').trimEnd()
}

function detailOf(data: ReceivedOutcome['data']): string {
  return typeof data?.failure_type === 'string' ? data.failure_type : ''
}

function addReplay(events: Command): void {
  const command = events
    .command('replay')
    .description('announce the documents of an app again, as they are now')
  addStoreOptions(addSelectionOptions(command))
    .addHelpText(
      'after',
      `
Every subscriber of the topic gets these events. Those that have the current one
should ignore them: docs/events.md.`,
    )
    .action(async (options: Selection) => {
      const store = await openStoreWithQueue(options)
      try {
        console.log(`store: ${store.label}`)
        const sent = await replay(store, options, (date, documents) => console.log(`${date}  ${documents}`))
        console.log(
          `${sent} ${sent === 1 ? 'document' : 'documents'} ${options.dryRun ? 'would be' : 'are'} announced`,
        )
      } finally {
        store.close()
      }
    })
}
