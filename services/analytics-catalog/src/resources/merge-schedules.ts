import { expireStatement, mergeLookAlikesStatement, mergeStatement } from '@darkroom/analytics'
import { databaseName, type Settings } from './settings.ts'

/**
 * The schedules that keep the compacted tables up to date. EventBridge's scheduler starts the queries in Athena directly. A
 * merge that fails changes nothing, and the next one does its work; see decisions/0019-compacted-table.md for the two periods.
 */
export function mergeSchedules(settings: Settings) {
  const { mergeDays, metadataRetentionDays, fewerRetentionDays } = settings
  return {
    MergeSchedule: schedule(settings, {
      description: `Merges the last ${mergeDays} days of metadata documents into the table images.`,
      at: 'cron(7 * * * ? *)',
      statement: mergeStatement(mergeDays),
    }),
    LookAlikesSchedule: schedule(settings, {
      description: `Finds images of the last ${mergeDays} days that look like earlier ones.`,
      at: 'cron(22 * * * ? *)',
      statement: mergeLookAlikesStatement(mergeDays),
    }),
    CatchUpSchedule: schedule(settings, {
      description: 'Merges changes of older images: erased, or processed again.',
      at: 'cron(37 3 ? * SUN *)',
      statement: mergeStatement(metadataRetentionDays),
    }),
    LookAlikesCatchUpSchedule: schedule(settings, {
      description: 'Finds look-alikes among all images again.',
      at: 'cron(37 4 ? * SUN *)',
      statement: mergeLookAlikesStatement(metadataRetentionDays),
    }),
    ExpireSchedule: schedule(settings, {
      description: 'Deletes rows whose metadata documents have expired.',
      at: 'cron(37 2 * * ? *)',
      statement: expireStatement('images', metadataRetentionDays, fewerRetentionDays),
    }),
    LookAlikesExpireSchedule: schedule(settings, {
      description: 'Deletes rows whose later image has expired.',
      at: 'cron(52 2 * * ? *)',
      statement: expireStatement('look_alikes', metadataRetentionDays, fewerRetentionDays),
    }),
  }
}

interface Job {
  description: string
  at: string
  statement: string
}

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html */
function schedule(settings: Settings, { description, at, statement }: Job) {
  return {
    Type: 'AWS::Scheduler::Schedule',
    DependsOn: ['ImageDocuments', 'Images', 'LookAlikes', 'MergeWorkGroup'],
    Properties: {
      Description: description,
      ScheduleExpression: at,
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: {
          'Fn::Join': [
            ':',
            ['arn', { Ref: 'AWS::Partition' }, 'scheduler:::aws-sdk:athena:startQueryExecution'],
          ],
        },
        RoleArn: { 'Fn::GetAtt': ['MergeRole', 'Arn'] },
        Input: JSON.stringify({
          QueryString: statement,
          QueryExecutionContext: { Database: databaseName(settings) },
          WorkGroup: `darkroom-${settings.stage}.merge`,
        }),
        RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 1800 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['MergeDeadLetterQueue', 'Arn'] } },
      },
    },
  }
}
