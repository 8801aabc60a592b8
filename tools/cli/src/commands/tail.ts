import { setTimeout } from 'node:timers/promises'
import type { Client, ImageStatus } from '@darkroom/client'
import { printable } from '@darkroom/terminal'
import type { Command } from 'commander'
import { type AppOptions, addAppOptions, connectClient } from '../connect-client.ts'
import { nameOf, outcomeOf } from '../describe-image.ts'
import { wholeNumberUpTo } from '../parsed-by.ts'

interface Options extends AppOptions {
  lines: number
  interval: number
  json?: boolean
}

const PAGE = 100

/** `pnpm darkroom tail`: a line for each image when it is accepted and when it is finished, until Ctrl-C. */
export function addTail(program: Command): void {
  const tail = program
    .command('tail')
    .description('print a line whenever an image is accepted, processed, failed or erased')
    .option('--lines <number>', 'start with this many of the latest images', wholeNumberUpTo(PAGE), 10)
    .option('--interval <seconds>', 'how often to ask', wholeNumberUpTo(3600), 2)
    .option('--json', "the API's statuses, one per line")
  addAppOptions(tail).action(async ({ lines, interval, json, ...options }: Options) => {
    const { client, label } = await connectClient(options)
    console.error(`API: ${label}. Ctrl-C ends this.`)
    const write = (image: ImageStatus) => console.log(json ? JSON.stringify(image) : lineOf(image))
    await follow(client, { lines, interval }, write)
  })
}

/** `13:20:11  queued     beach.jpg  id`; the time is UTC. */
function lineOf(image: ImageStatus): string {
  const time = (image.finishedAt ?? image.acceptedAt).slice(11, 19)
  return `${printable(time)}  ${nameOf(image)}  ${outcomeOf(image)}  ${printable(image.id)}`
}

async function follow(
  client: Client,
  { lines, interval }: Pick<Options, 'lines' | 'interval'>,
  write: (image: ImageStatus) => void,
): Promise<never> {
  const first = (await client.listImages({ limit: PAGE })).items
  let known = new Map(first.map(({ id, status }) => [id, status]))
  for (const image of first.slice(0, lines).reverse()) write(image)
  while (true) {
    await setTimeout(interval * 1000)
    const latest = await newest(client, known).catch(warn)
    for (const image of [...(latest ?? [])].reverse()) {
      if (known.get(image.id) !== image.status) write(image)
    }
    if (latest) known = new Map(latest.map(({ id, status }) => [id, status]))
  }
}

/** The first page, and further ones until an image that is known. */
async function newest(client: Client, known: Map<string, string>): Promise<ImageStatus[]> {
  const found: ImageStatus[] = []
  let cursor: string | undefined
  do {
    const page = await client.listImages({ limit: PAGE, cursor })
    found.push(...page.items)
    cursor = page.cursor
  } while (cursor && known.size > 0 && !found.some(({ id }) => known.has(id)))
  return found
}

function warn(error: Error): undefined {
  console.error(printable(error.message))
}
