import type { Service } from './connect-service.ts'

/**
 * Lets `serverless offline` run in a service's folder without settings: the service joins the local stack if one runs.
 * Otherwise this starts what it needs, S3, SQS and for Kafka events a broker, in the same process.
 */
export default class LocalStackOffline {
  readonly hooks: Record<string, () => Promise<void>>

  constructor(
    { service }: { service: Service },
    options: { lambdaPort?: number },
    { log }: { log: { notice(message: string): void } },
  ) {
    const connect = async () => {
      hideSqliteWarning()
      // Loaded on demand, because `package` and `deploy` load this plugin too.
      const { connectService } = await import('./connect-service.ts')
      const { freePort } = await import('../ports.ts')
      options.lambdaPort ??= await freePort()
      log.notice((await connectService(service)).message)
    }
    this.hooks = { 'before:offline:start': connect, 'before:offline:start:init': connect }
  }
}

/** The local stores keep their state in `node:sqlite`. The commands of the repository hide all such warnings by an option of Node. */
function hideSqliteWarning(): void {
  process.emitWarning = new Proxy(process.emitWarning, {
    apply(emit, self, args) {
      if (!String(args[0]).startsWith('SQLite is an experimental feature')) Reflect.apply(emit, self, args)
    },
  })
}
