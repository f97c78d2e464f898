package org.glmspark.cache;

/// Where a cache lies. That changes no result.
public enum KvCacheStorage {
  /// In memory outside the heap.
  MEMORY,
  /// In a temporary file that is mapped, for contexts beyond memory.
  FILE
}
