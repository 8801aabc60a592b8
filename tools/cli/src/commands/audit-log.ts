import { readAuditEntries } from '@darkroom/bucket'
import { AppId, type AuditEntry, DatePartition, ImageId, toAsciiJson } from '@darkroom/core'
import { printable } from '@darkroom/terminal'
import type { Command } from 'commander'
import * as z from 'zod'
import { requireAuditTrail } from '../audit-trail.ts'
import { addStoreOptions, openStore, type StoreOptions } from '../open-store.ts'
import { parsedBy } from '../parsed-by.ts'

interface Options extends StoreOptions {
  app?: string
  from: Date
  to?: Date
  image?: string
  credential?: string
  json?: boolean
}

const DAY_MS = 24 * 3_600_000
const TIME = 'a day such as 2026-11-23, or a time such as 2026-11-23T10:00:00Z; UTC'
const Time = z.union([DatePartition, z.iso.datetime()])
const parseTime = (text: string) => new Date(parsedBy(Time, `It must be ${TIME}.`)(text))
/** A day as the end of a time is meant with its last second. */
const parseEnd = (text: string) =>
  DatePartition.safeParse(text).success ? new Date(parseTime(text).getTime() + DAY_MS) : parseTime(text)

/** `pnpm darkroom audit-log --app APP --from DAY`: who did what to which image, and from where. */
export function addAuditLog(program: Command): void {
  const command = program
    .command('audit-log')
    .description('print who did what to which image, and from where')
    .requiredOption('--from <time>', TIME, parseTime)
    .option('--to <time>', 'the end, likewise; a day is included (default: now)', parseEnd)
    .option('--app <app>', 'only what concerns this app', parsedBy(AppId))
    .option('--image <id>', 'only what concerns this image', parsedBy(ImageId))
    .option('--credential <id>', 'only what was done with this API key, or tokens of it')
    .option('--json', 'the entries, one line of JSON each')
  addStoreOptions(command).action(
    async ({ from, to = new Date(), json, app, image, credential, ...options }: Options) => {
      if (from >= to)
        throw new Error(`--from is ${from.toISOString()}, which is not before the end, ${to.toISOString()}.`)
      const store = await openStore(options)
      try {
        if (!json) console.error(`store: ${store.label}`)
        let count = 0
        for await (const entry of readAuditEntries(await requireAuditTrail(store.bucket), from, to)) {
          if (app !== undefined && entry.app !== app) continue
          if (image !== undefined && !entry.images?.includes(image)) continue
          if (credential !== undefined && entry.who.credential !== credential) continue
          console.log(json ? toAsciiJson(entry) : lineOf(entry))
          count++
        }
        if (!json) console.error(`${count} ${count === 1 ? 'entry' : 'entries'}.`)
      } finally {
        store.close()
      }
    },
  )
}

/** `2026-11-23T10:00:00.123Z  image.erased        done          web-app-1  key 5b0c… from 192.0.2.1 curl  01a207d9-…` */
function lineOf(entry: AuditEntry): string {
  const { time, act, outcome, app = '-', images = [], detail } = entry
  const parts = [
    time,
    act.padEnd(18),
    outcome.padEnd(12),
    app.padEnd(10),
    `${byWhom(entry)}${fromWhere(entry)}`,
  ]
  return printable([...parts, ...images, ...(detail === undefined ? [] : [`(${detail})`])].join('  '))
}

function byWhom({ who: { kind = '', credential, uploader, topic, operator } }: AuditEntry): string {
  const name = [credential, topic, operator].find((text) => text !== undefined)
  return [kind, name, uploader === undefined ? undefined : `for ${uploader}`].filter(Boolean).join(' ')
}

function fromWhere({ from: { ip, client, host, partition, offset } = {} }: AuditEntry): string {
  const record = partition === undefined ? undefined : `partition ${partition}, offset ${offset}`
  const place = [ip, client, host, record].filter(Boolean).join(' ')
  return place && ` from ${place}`
}
