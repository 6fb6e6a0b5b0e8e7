/** What CloudWatch publishes: an alarm's state is another one now. The members are those of EventBridge's event. */
export interface AlarmStateChanged {
  readonly alarmArn: string;
  /** ISO 8601. */
  readonly time: string;
  readonly detail: object;
}
