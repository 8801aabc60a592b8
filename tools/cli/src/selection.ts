import { AppId, DatePartition, type ImageRef } from '@darkroom/core'
import { printable } from '@darkroom/terminal'
import type { Command } from 'commander'
import pThrottle from 'p-throttle'
import * as z from 'zod'
import type { Store, StoreOptions } from './open-store.ts'
import { parsedBy } from './parsed-by.ts'
import { listDays } from './redevelop.ts'

/** How fast a command sends messages, if at all. */
export interface SendOptions {
  rate: number
  dryRun: boolean
}

/** The images that a command sends messages for. */
export interface Selection extends StoreOptions, SendOptions {
  app: string
  from?: string
  to?: string
}

const MAX_MESSAGES_PER_SECOND = 100
const Rate = z.coerce.number().positive().max(MAX_MESSAGES_PER_SECOND)

/** Gives a command the options of a `Selection`. They are the same for every command. */
export function addSelectionOptions(command: Command): Command {
  const selected = command
    .requiredOption('--app <app>', 'the app that the images belong to', parsedBy(AppId))
    .option('--from <date>', 'first day of acceptance, UTC, such as 2026-11-23', parsedBy(DatePartition))
    .option('--to <date>', 'last day of acceptance', parsedBy(DatePartition))
    .hook('preAction', (action) => requireOrder(action.opts()))
  return addSendOptions(selected)
}

/** Otherwise nothing would be found, as if there were nothing. @throws Error if the last day is before the first */
function requireOrder({ from, to }: Pick<Selection, 'from' | 'to'>): void {
  if (from && to && from > to) throw new Error('--to is before --from.')
}

/** Gives a command the options of `SendOptions`. */
export function addSendOptions(command: Command): Command {
  const rate = parsedBy(Rate, `It must be a number of messages per second, up to ${MAX_MESSAGES_PER_SECOND}.`)
  return command
    .option('--rate <number>', 'maximum number of messages per second', rate, 5)
    .option('--dry-run', 'only print what would be sent', false)
}

/** What to send, and how. */
interface Sender {
  /** The group that an image is counted in; undefined if nothing is sent for it. */
  choose(image: ImageRef): Promise<string | undefined>
  send(image: ImageRef): Promise<void>
}

/** Sends messages for the chosen images and prints how many of each group. @returns `3 messages sent`, for the last line */
export async function sendSelected(
  store: Store,
  { app, from, to, rate, dryRun }: Selection,
  { choose, send }: Sender,
): Promise<string> {
  const sendIfChosen = pThrottle({ limit: 1, interval: 1000 / rate })(async (image: ImageRef) => {
    const group = await choose(image)
    if (group !== undefined && !dryRun) await send(image)
    return group
  })
  let sent = 0
  for await (const { date, imageIds } of listDays(store, app, from, to)) {
    const groups = new Map<string, number>()
    for (const imageId of imageIds) {
      const group = await sendIfChosen({ app, imageId })
      if (group === undefined) continue
      groups.set(group, (groups.get(group) ?? 0) + 1)
      sent++
    }
    const counts = [...groups].map(([group, count]) => `${count} of ${group}`).join(', ')
    if (counts) console.log(printable(`${date}  ${counts}`))
  }
  return `${sent} ${sent === 1 ? 'message' : 'messages'} ${dryRun ? 'would be sent' : 'sent'}`
}
