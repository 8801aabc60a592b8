import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NotificationRule } from './notification-rules.ts'

/** The rules of all buckets, in a file if there is a data directory. */
export class RuleStore {
  readonly #path: string | undefined
  readonly #byBucket: Map<string, NotificationRule[]>

  constructor(dataDir: string | undefined) {
    if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true })
    this.#path = dataDir === undefined ? undefined : join(dataDir, 'notifications.json')
    const saved = this.#path && existsSync(this.#path) ? JSON.parse(readFileSync(this.#path, 'utf8')) : {}
    this.#byBucket = new Map(Object.entries<NotificationRule[]>(saved))
  }

  of(bucket: string): NotificationRule[] {
    return this.#byBucket.get(bucket) ?? []
  }

  set(bucket: string, rules: NotificationRule[]): void {
    if (rules.length > 0) this.#byBucket.set(bucket, rules)
    else if (!this.#byBucket.delete(bucket)) return
    if (this.#path === undefined) return
    writeFileSync(`${this.#path}.new`, JSON.stringify(Object.fromEntries(this.#byBucket), null, 2))
    renameSync(`${this.#path}.new`, this.#path)
  }
}
