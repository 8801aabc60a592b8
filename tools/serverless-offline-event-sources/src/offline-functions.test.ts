import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { OfflineFunctions } from './offline-functions.ts'
import type { Serverless } from './serverless.ts'

const servicePath = join(import.meta.dirname, '../test/fixture-service')
let functions: OfflineFunctions

async function load(options: Record<string, unknown>): Promise<OfflineFunctions> {
  const definition = { name: 'svc-local-generation', handler: 'generation.handler', timeout: 1 }
  functions = new OfflineFunctions(
    {
      config: { servicePath },
      service: {
        service: 'svc',
        provider: { name: 'aws', region: 'eu-west-1', runtime: 'nodejs24.x' },
        getAllFunctions: () => ['generation'],
        getFunction: () => definition,
      },
    } as unknown as Serverless,
    options,
  )
  await functions.load()
  return functions
}

afterEach(() => functions.close())

const invoke = (waitMs: number) => functions.invoke('generation', { waitMs })

test('reuses an idle worker and starts another for a concurrent invocation', async () => {
  await load({ noTimeout: true })
  expect(await invoke(0)).toMatchObject({ invocations: 1 })
  expect(await invoke(0)).toMatchObject({ invocations: 2 })
  const atOnce = await Promise.all([invoke(50), invoke(50)])
  expect(atOnce).toMatchObject([{ invocations: 3 }, { invocations: 1 }])
})

test('reload lets running invocations finish and uses new workers for new ones', async () => {
  await load({ noTimeout: true })
  await invoke(0)
  const running = invoke(200)
  functions.reload()
  const fresh = invoke(0)
  expect(await fresh).toMatchObject({ invocations: 1 })
  expect(await running).toMatchObject({ invocations: 2 })
})

test('an invocation that exceeds the timeout fails, and the next one gets a new worker', async () => {
  await load({})
  await expect(invoke(60_000)).rejects.toThrow(/timeout/i)
  expect(await invoke(0)).toMatchObject({ invocations: 1 })
})
