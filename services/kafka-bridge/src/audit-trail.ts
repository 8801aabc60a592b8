import { appOfTopic } from '@darkroom/app-configuration/deployed'
import { type Audited, auditLine, type ImageId } from '@darkroom/core'
import type { MSKRecord } from 'aws-lambda'
import { env } from './environment.ts'

/**
 * Writes an entry of the audit trail. CloudWatch delivers these lines, apart from all others, to files that nobody can change. Their
 * level is none of the logger's, so that fewer log lines never mean fewer entries.
 */
function record(audited: Audited): void {
  if (env.POWERTOOLS_LOG_LEVEL !== 'SILENT') process.stdout.write(auditLine(audited))
}

/** Records what became of a record, or of several from this position: a topic belongs to one app, whose producers Kafka identifies. */
export function recordUpload(
  { topic, partition, offset }: Pick<MSKRecord, 'topic' | 'partition' | 'offset'>,
  outcome: string,
  images: ImageId[],
  detail?: string,
): void {
  record({
    act: 'image.uploaded',
    outcome,
    app: appOfTopic[topic],
    ...(images.length > 0 && { images }),
    who: { kind: 'topic', topic },
    from: { partition, offset },
    ...(detail !== undefined && { detail }),
  })
}
