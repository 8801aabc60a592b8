import { type Audited, auditLine } from '@darkroom/core'
import { env } from './environment.ts'

/**
 * Writes an entry of the audit trail. CloudWatch delivers these lines, apart from all others, to files that nobody can change. Their
 * level is none of the logger's, so that fewer log lines never mean fewer entries.
 */
export function record(audited: Audited): void {
  if (env.POWERTOOLS_LOG_LEVEL !== 'SILENT') process.stdout.write(auditLine(audited))
}
