/* Annotations for Microsoft's static analysis, all of which stand for nothing here. */
#ifndef NTPIPE_SAL_H
#define NTPIPE_SAL_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif

#define _Always_annotation_
#define _COM_Outptr_
#define _Callback_
#define _Check_return_
#define _Const_
#define _Field_z_
#define _Frees_ptr_
#define _Frees_ptr_opt_
#define _Function_class_driver_
#define _In_
#define _In_opt_
#define _In_opt_z_
#define _In_z_
#define _Inout_
#define _Inout_opt_
#define _Inout_opt_z_
#define _Inout_z_
#define _Interlocked_
#define _Interlocked_operand_
#define _Literal_
#define _Maybenull_
#define _Maybevalid_
#define _Must_inspect_result_
#define _No_competing_thread_
#define _Notliteral_
#define _Notnull_
#define _Notvalid_
#define _NullNull_terminated_
#define _Null_
#define _Null_terminated_
#define _Out_
#define _Out_opt_
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_opt_result_maybenull_
#define _Outptr_opt_result_z_
#define _Outptr_result_maybenull_
#define _Outptr_result_z_
#define _Outref_
#define _Points_to_data_
#define _Post_
#define _Post_equals_last_error_
#define _Post_invalid_
#define _Post_maybenull_
#define _Post_notnull_
#define _Post_ptr_invalid_
#define _Post_valid_
#define _Post_z_
#define _Pre_
#define _Pre_maybenull_
#define _Pre_notnull_
#define _Pre_null_
#define _Pre_valid_
#define _Pre_z_
#define _Printf_format_string_
#define _Reserved_
#define _Result_nullonfailure_
#define _Result_zeroonfailure_
#define _Ret_maybenull_
#define _Ret_maybenull_z_
#define _Ret_notnull_
#define _Ret_null_
#define _Ret_valid_
#define _Ret_z_
#define _Scanf_format_string_
#define _Scanf_s_format_string_
#define _Strict_type_match_
#define _Use_decl_annotations_
#define _Valid_

#define _Acquires_exclusive_lock_(a)
#define _Acquires_lock_(a)
#define _Acquires_shared_lock_(a)
#define _Always_(a)
#define _Analysis_assume_lock_held_(a)
#define _Deref_out_range_(a)
#define _Deref_post_opt_valid_(a)
#define _Field_range_(a)
#define _Field_size_(a)
#define _Field_size_bytes_(a)
#define _Field_size_bytes_opt_(a)
#define _Field_size_full_(a)
#define _Field_size_opt_(a)
#define _Function_class_(a)
#define _Group_(a)
#define _Guarded_by_(a)
#define _IRQL_requires_max_(a)
#define _In_range_(a)
#define _In_reads_(a)
#define _In_reads_bytes_(a)
#define _In_reads_bytes_opt_(a)
#define _In_reads_opt_(a)
#define _In_reads_opt_z_(a)
#define _In_reads_or_z_(a)
#define _In_reads_z_(a)
#define _Inout_range_(a)
#define _Inout_updates_(a)
#define _Inout_updates_all_(a)
#define _Inout_updates_bytes_(a)
#define _Inout_updates_bytes_all_(a)
#define _Inout_updates_bytes_opt_(a)
#define _Inout_updates_opt_(a)
#define _Inout_updates_z_(a)
#define _Null_terminated_if_(a)
#define _On_failure_(a)
#define _Out_range_(a)
#define _Out_writes_(a)
#define _Out_writes_all_(a)
#define _Out_writes_all_opt_(a)
#define _Out_writes_bytes_(a)
#define _Out_writes_bytes_all_(a)
#define _Out_writes_bytes_all_opt_(a)
#define _Out_writes_bytes_opt_(a)
#define _Out_writes_opt_(a)
#define _Out_writes_opt_z_(a)
#define _Out_writes_z_(a)
#define _Outptr_opt_result_buffer_(a)
#define _Outptr_opt_result_bytebuffer_(a)
#define _Outptr_result_buffer_(a)
#define _Outptr_result_bytebuffer_(a)
#define _Post_equal_to_(a)
#define _Post_readable_byte_size_(a)
#define _Post_readable_size_(a)
#define _Post_satisfies_(a)
#define _Post_writable_byte_size_(a)
#define _Post_writable_size_(a)
#define _Pre_readable_byte_size_(a)
#define _Pre_readable_size_(a)
#define _Pre_satisfies_(a)
#define _Pre_writable_byte_size_(a)
#define _Pre_writable_size_(a)
#define _Readable_bytes_(a)
#define _Readable_elements_(a)
#define _Releases_exclusive_lock_(a)
#define _Releases_lock_(a)
#define _Releases_shared_lock_(a)
#define _Requires_exclusive_lock_held_(a)
#define _Requires_lock_held_(a)
#define _Requires_lock_not_held_(a)
#define _Requires_shared_lock_held_(a)
#define _Ret_range_(a)
#define _Ret_writes_(a)
#define _Ret_writes_bytes_(a)
#define _Ret_writes_bytes_maybenull_(a)
#define _Ret_writes_maybenull_(a)
#define _Ret_writes_z_(a)
#define _Return_type_success_(a)
#define _Struct_size_bytes_(a)
#define _Success_(a)
#define _When_opt_(a)
#define _Writable_bytes_(a)
#define _Writable_elements_(a)
#define _Write_guarded_by_(a)

#define _At_(a, b)
#define _Field_size_bytes_part_(a, b)
#define _Field_size_part_(a, b)
#define _In_reads_to_ptr_(a, b)
#define _Inout_updates_bytes_to_(a, b)
#define _Inout_updates_to_(a, b)
#define _Out_writes_bytes_to_(a, b)
#define _Out_writes_bytes_to_opt_(a, b)
#define _Out_writes_to_(a, b)
#define _Out_writes_to_opt_(a, b)
#define _Outptr_result_buffer_to_(a, b)
#define _Outptr_result_bytebuffer_to_(a, b)
#define _Post_equal_(a, b)
#define _Ret_writes_bytes_to_(a, b)
#define _Ret_writes_to_(a, b)
#define _When_(a, b)
#define _Outptr_result_buffer_part_(a, b)
#define _Analysis_assume_(condition) ((void)0)
#define _Analysis_assume_nullterminated_(text)

/*
 * The first generation of annotations. __in and __out are missing, and a few more: the headers of glibc,
 * libstdc++ and Linux have variables of these names. A program that needs them, and includes such headers
 * before <windows.h> only, defines NTPIPE_OLD_SAL.
 */
#ifdef NTPIPE_OLD_SAL
#define __in
#define __out
#define __reserved
#define __callback
#define __range(a, b)
#define __success(a)
#endif
#define __checkReturn
#define __deref_in
#define __deref_inout
#define __deref_opt_out
#define __deref_opt_out_opt
#define __deref_out
#define __deref_out_opt
#define __format_string
#define __in_opt
#define __in_z
#define __in_z_opt
#define __inout
#define __inout_opt
#define __inout_z
#define __inout_z_opt
#define __maybenull
#define __notnull
#define __nullterminated
#define __out_opt
#define __out_z
#define __out_z_opt

#define __control_entrypoint(a)
#define __deref_out_bcount(a)
#define __deref_out_ecount(a)
#define __deref_out_ecount_opt(a)
#define __drv_aliasesMem_opt(a)
#define __field_bcount(a)
#define __field_bcount_opt(a)
#define __field_ecount(a)
#define __field_ecount_opt(a)
#define __in_bcount(a)
#define __in_bcount_opt(a)
#define __in_ecount(a)
#define __in_ecount_opt(a)
#define __in_ecount_z(a)
#define __in_range(a)
#define __inout_bcount(a)
#define __inout_bcount_opt(a)
#define __inout_ecount(a)
#define __inout_ecount_opt(a)
#define __out_bcount(a)
#define __out_bcount_full(a)
#define __out_bcount_opt(a)
#define __out_ecount(a)
#define __out_ecount_full(a)
#define __out_ecount_opt(a)
#define __out_ecount_z(a)
#define __out_ecount_z_opt(a)
#define __out_range(a)
#define __out_xcount(a)

#define __deref_out_ecount_part(a, b)
#define __inout_bcount_part(a, b)
#define __inout_ecount_part(a, b)
#define __out_bcount_part(a, b)
#define __out_bcount_part_opt(a, b)
#define __out_ecount_part(a, b)
#define __out_ecount_part_opt(a, b)

#endif
