// Package rollout says what happens tick by tick when a DaemonSet is updated.
package rollout
