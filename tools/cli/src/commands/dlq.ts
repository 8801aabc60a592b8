import { AppId } from '@darkroom/core'
import { formatTable, printable } from '@darkroom/terminal'
import type { Command } from 'commander'
import pThrottle from 'p-throttle'
import { type DeadLetter, type DeadLetterFilter, listDeadLetters, redriveParked } from '../dead-letters.ts'
import { addStoreOptions, openStoreWithQueue, type StoreOptions, type StoreWithQueue } from '../open-store.ts'
import { parsedBy } from '../parsed-by.ts'
import { failureOf, processAgain } from '../redevelop.ts'
import {
  addSelectionOptions,
  addSendOptions,
  type Selection,
  type SendOptions,
  sendSelected,
} from '../selection.ts'

type FilterOptions = StoreOptions & DeadLetterFilter

/** `pnpm darkroom dlq list|show|redrive|redrive-failed`: images that were given up. */
export function addDlq(program: Command): void {
  const dlq = program.command('dlq').description('list, show and send back images that were given up')
  addList(dlq)
  addShow(dlq)
  addRedrive(dlq)
  addRedriveFailed(dlq)
}

function addList(dlq: Command): void {
  const list = dlq
    .command('list')
    .description('list dead letters and parked messages, up to 1,000 of each')
    .option('--json', 'one line of JSON for each message')
  addFilterOptions(list).action(({ json, ...options }: FilterOptions & { json?: boolean }) =>
    withStore(options, !json, async (store) => {
      const letters = await listDeadLetters(store, options)
      if (json) for (const letter of letters) console.log(JSON.stringify(letter))
      else printLetters(letters)
    }),
  )
}

function printLetters(letters: DeadLetter[]): void {
  const rows = letters.map(({ queue, image, messageId, slug }) => [
    queue,
    image?.app ?? '',
    image?.imageId ?? messageId,
    slug,
  ])
  console.log(
    rows.length === 0 ? 'There are none.' : formatTable(['queue', 'app', 'image', 'failure'], rows, 120),
  )
}

function addShow(dlq: Command): void {
  const show = dlq
    .command('show')
    .description('print one message, and why its image failed')
    .argument('<id>', 'the id of the image, or of a message that cannot be read')
  addStoreOptions(show).action((id: string, options: StoreOptions) =>
    withStore(options, true, async (store) => {
      const letters = await listDeadLetters(store, { id })
      if (letters.length === 0) throw new Error(`There is no dead letter or parked message of ${id}.`)
      for (const { queue, messageId, body, slug, detail } of letters) {
        const failure = printable(`${slug}${detail ? `: ${detail}` : ''}`)
        console.log(`${queue}, message ${messageId}\n${failure}\n${formatBody(body)}`)
      }
    }),
  )
}

function formatBody(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return JSON.stringify(body)
  }
}

function addRedrive(dlq: Command): void {
  const redrive = dlq.command('redrive').description('send parked messages back to the image queue')
  addSendOptions(addFilterOptions(redrive))
    .addHelpText(
      'after',
      `
Without --app, --slug or --id it sends all parked messages. Those that cannot be
read stay where they are. An image that fails again is parked again after about
ten minutes.`,
    )
    .action((options: FilterOptions & SendOptions) =>
      withStore(options, true, async (store) => {
        if (options.dryRun) {
          const letters = await listDeadLetters(store, options)
          const parked = letters.filter(({ queue, image }) => queue === 'parked' && image)
          printLetters(parked)
          return console.log(`${counted(parked.length)} would be sent`)
        }
        const beforeEach = pThrottle({ limit: 1, interval: 1000 / options.rate })(
          async (letter: DeadLetter) =>
            console.log(printable(`${letter.image?.app}  ${letter.image?.imageId}  ${letter.slug}`)),
        )
        console.log(`${counted(await redriveParked(store, options, beforeEach))} sent, to be processed again`)
      }),
    )
}

function addRedriveFailed(dlq: Command): void {
  const redrive = dlq
    .command('redrive-failed')
    .description('process failed images of an app again whose messages are gone')
    .option('--all', 'also those that failed at their first receive, by a verdict of the decoder', false)
  addStoreOptions(addSelectionOptions(redrive))
    .addHelpText(
      'after',
      `
Sends the images that failed after more than one receive: their retries were
exhausted, or the engine's process died of them twice, which may have been the
engine's fault. An image that fails again stays failed. Only images whose
original still exists are sent.`,
    )
    .action((options: Selection & { all: boolean }) =>
      withStore(options, true, async (store) => {
        const sent = await sendSelected(store, options, {
          choose: (image) => failureOf(store, image, options.all),
          send: (image) => processAgain(store, image),
        })
        console.log(`${sent}, to be processed again`)
      }),
    )
}

function addFilterOptions(command: Command): Command {
  return addStoreOptions(
    command
      .option('--app <app>', 'only images of this app', parsedBy(AppId))
      .option('--slug <slug>', 'only images with this failure, such as retries-exhausted, or unreadable')
      .option('--id <id>', 'only this image'),
  )
}

async function withStore(
  options: StoreOptions,
  isLabelled: boolean,
  run: (store: StoreWithQueue) => Promise<unknown>,
): Promise<void> {
  const store = await openStoreWithQueue(options)
  try {
    if (isLabelled) console.log(`store: ${store.label}`)
    await run(store)
  } finally {
    store.close()
  }
}

const counted = (messages: number) => `${messages} ${messages === 1 ? 'message' : 'messages'}`
