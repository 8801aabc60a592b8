import type { EventSource, SourceContext } from './event-source.ts'
import { eventSourceKinds } from './event-source-kinds.ts'
import type { Serverless } from './serverless.ts'

/** Lambda's own, where neither function nor provider sets one. */
const DEFAULT_TIMEOUT_SECONDS = 6

export type ServiceContext = Omit<
  SourceContext,
  'functionKey' | 'functionName' | 'functionTimeout' | 'invoke'
> & {
  invoke(functionKey: string, event: unknown): Promise<unknown>
}

/** One source for each event, of a kind we know, of each function. */
export function openEventSources(service: Serverless['service'], context: ServiceContext): EventSource[] {
  return service.getAllFunctions().flatMap((functionKey) => {
    const { name, events = [], timeout } = service.getFunction(functionKey)
    const functionContext: SourceContext = {
      ...context,
      functionKey,
      functionName: name,
      functionTimeout: timeout ?? service.provider.timeout ?? DEFAULT_TIMEOUT_SECONDS,
      invoke: (event) => context.invoke(functionKey, event),
    }
    return events.flatMap((event) => openEvent(event, functionContext))
  })
}

function openEvent(event: Record<string, unknown>, context: SourceContext): EventSource[] {
  return Object.entries(event).flatMap(([kind, definition]) => {
    const open = Object.hasOwn(eventSourceKinds, kind) ? eventSourceKinds[kind] : undefined
    return open?.(definition, context) ?? []
  })
}
