import type { EventSource, OpenEventSource, SourceContext } from './event-source.ts'
import { openKafkaSource, openMskSource } from './kafka/open-kafka-source.ts'
import type { Serverless } from './serverless.ts'
import { openSqsSource } from './sqs/open-sqs-source.ts'

/** Lambda's default if neither the function nor the provider sets one. */
const DEFAULT_TIMEOUT_SECONDS = 6

export type ServiceContext = Omit<
  SourceContext,
  'functionKey' | 'functionName' | 'functionTimeoutSeconds' | 'invoke'
> & {
  invoke(functionKey: string, event: unknown): Promise<unknown>
}

/** Opens a source for each supported event of each function. */
export function openEventSources(service: Serverless['service'], context: ServiceContext): EventSource[] {
  return service.getAllFunctions().flatMap((functionKey) => {
    const { name, events = [], timeout } = service.getFunction(functionKey)
    const functionContext: SourceContext = {
      ...context,
      functionKey,
      functionName: name,
      functionTimeoutSeconds: timeout ?? service.provider.timeout ?? DEFAULT_TIMEOUT_SECONDS,
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

/** The supported kinds of event. serverless-offline handles HTTP and schedules. */
const eventSourceKinds: Record<string, OpenEventSource> = {
  kafka: openKafkaSource,
  msk: openMskSource,
  sqs: openSqsSource,
}
