package rollout

// store is the state that all parts share. Each of its parts has its own methods.
// A method that needs several of them is a method of the store.
type store struct {
	config Config

	virtualClock
	nodeTable
	health healthTable
	podTable
	eventQueue
	eventRecorder
	objectTables
	quotaTable
	schedulerCache
}

func (s *store) fork() store {
	return store{
		config:         s.config,
		virtualClock:   s.virtualClock,
		nodeTable:      s.nodeTable.fork(),
		health:         s.health.fork(),
		podTable:       s.podTable.fork(),
		eventQueue:     s.eventQueue.fork(),
		eventRecorder:  s.eventRecorder.fork(),
		objectTables:   s.objectTables.fork(),
		quotaTable:     s.quotaTable.fork(),
		schedulerCache: s.schedulerCache.fork(),
	}
}
