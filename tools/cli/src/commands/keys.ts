import { APPS_FILE, readConfiguration } from '@darkroom/app-configuration'
import { createApiKey, endApiKey, listApiKeys, type StoredKey } from '@darkroom/bucket'
import { AppId, endOf } from '@darkroom/core'
import { formatTable } from '@darkroom/terminal'
import type { Command } from 'commander'
import * as z from 'zod'
import { recordAct, requireAuditTrail } from '../audit-trail.ts'
import { addStoreOptions, openStore, type Store, type StoreOptions } from '../open-store.ts'
import { parsedBy, wholeNumberUpTo } from '../parsed-by.ts'

interface Options extends StoreOptions {
  app: string
}

const HOUR_MS = 3_600_000
const KeyId = z.string().regex(/^[0-9a-f]{16}$/)

/** `pnpm darkroom keys create|list|rotate|revoke --app APP`: the API keys of an app. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('create, list, rotate or revoke the API keys of an app')
  addCreate(keys)
  addList(keys)
  addRotate(keys)
  addRevoke(keys)
}

/** The options of all of them. */
function addKeysCommand(keys: Command, name: string, description: string): Command {
  const command = keys.command(name).description(description)
  command.requiredOption('--app <app>', 'the app that the keys belong to', parsedBy(AppId))
  return addStoreOptions(command)
}

function addCreate(keys: Command): void {
  addKeysCommand(keys, 'create', 'make a key and print it; it is stored nowhere')
    .option('--days <days>', 'let it expire after so many days', wholeNumberUpTo(3650))
    .action(async ({ app, days, ...options }: Options & { days?: number }) => {
      await withStore(options, (store) =>
        create(store, app, days && new Date(Date.now() + days * 24 * HOUR_MS)),
      )
    })
}

function addList(keys: Command): void {
  addKeysCommand(keys, 'list', 'print the keys of an app, without the keys themselves').action(
    async ({ app, ...options }: Options) => {
      await withStore(options, async ({ bucket }) => {
        const rows = (await listApiKeys(bucket, app)).map(toRow)
        if (rows.length === 0) console.log(`The app ${app} has no key.`)
        else console.log(formatTable(['id', 'created', 'last used', ''], rows))
      })
    },
  )
}

function addRotate(keys: Command): void {
  addKeysCommand(keys, 'rotate', 'make a new key, and let all others of the app expire')
    .option('--overlap <hours>', 'how long the others still work (default: 24)', wholeNumberUpTo(8760), 24)
    .action(async ({ app, overlap, ...options }: Options & { overlap: number }) => {
      await withStore(options, async (store) => {
        const now = Date.now()
        const others = (await listApiKeys(store.bucket, app)).filter(({ record }) => !endOf(record, now))
        await create(store, app)
        const expiresAt = new Date(now + overlap * HOUR_MS).toISOString()
        for (const { keyId } of others) {
          await recordAct(store, { act: 'key.expires', app, detail: `${keyId} ends at ${expiresAt}` })
          const record = await endApiKey(store.bucket, app, keyId, { expiresAt })
          console.error(`${keyId} works until ${record?.expiresAt}.`)
        }
      })
    })
}

function addRevoke(keys: Command): void {
  addKeysCommand(keys, 'revoke', 'end a key, and the tokens that were made with it, within a minute')
    .argument(
      '<id>',
      'the id of the key, as `keys list` prints it',
      parsedBy(KeyId, 'It must be 16 hex digits.'),
    )
    .action(async (keyId: string, { app, ...options }: Options) => {
      await withStore(options, async (store) => {
        await recordAct(store, { act: 'key.revoked', app, detail: keyId })
        const record = await endApiKey(store.bucket, app, keyId, { revokedAt: new Date().toISOString() })
        if (!record)
          throw new Error(`The app ${app} has no key ${keyId}. See: pnpm darkroom keys list --app ${app}`)
        console.log(`${keyId} is revoked: it is refused from ${record.revokedAt}, or a minute later.`)
      })
    })
}

/** Prints the key alone on stdout, so that a script can take it. */
async function create(store: Store, app: string, expiresAt?: Date | 0): Promise<void> {
  // First, so that no key is stored that is never printed.
  await requireAuditTrail(store.bucket)
  warnOfUnknown(app)
  const mode = store.isLocal ? 'test' : 'live'
  const { keyId, apiKey } = await createApiKey(store.bucket, app, mode, expiresAt || undefined)
  // Nobody can use it before it is printed.
  await recordAct(store, { act: 'key.created', outcome: 'done', app, detail: keyId })
  console.error(`The key ${keyId} of ${app}. It is shown only now:`)
  console.log(apiKey)
}

/** A key decides the app of its requests, so one of a mistyped app works. */
function warnOfUnknown(app: string): void {
  const file = process.env.APPS_FILE || APPS_FILE
  if (isIn(file, app)) return
  console.error(`${app} is not in ${file}: its images get the defaults, and analysts do not see them.`)
  console.error(`Add it with: pnpm darkroom apps add ${app}`)
}

/** A file with a mistake does not keep a key from being replaced. */
function isIn(file: string, app: string): boolean {
  try {
    return Object.hasOwn(readConfiguration(file).apps, app)
  } catch {
    return true
  }
}

function toRow({ keyId, record, lastUsed }: StoredKey): string[] {
  return [keyId, record.createdAt.slice(0, 10), lastUsed ?? 'never', stateOf(record)]
}

function stateOf({ revokedAt, expiresAt, ...record }: StoredKey['record']): string {
  if (revokedAt !== undefined) return `revoked ${revokedAt.slice(0, 16)}Z`
  if (expiresAt === undefined) return ''
  const isOver = endOf({ ...record, expiresAt }, Date.now()) !== undefined
  return `${isOver ? 'expired' : 'expires'} ${expiresAt.slice(0, 16)}Z`
}

async function withStore(options: StoreOptions, run: (store: Store) => Promise<void>): Promise<void> {
  const store = await openStore(options)
  try {
    console.error(`store: ${store.label}`)
    await run(store)
  } finally {
    store.close()
  }
}
